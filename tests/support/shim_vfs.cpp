#include "support/shim_vfs.hpp"

#include <stdexcept>
#include <utility>

namespace penstock::testing {

// One open handle. SQLite hands over raw memory of `szOsFile` bytes; the real handle lies behind.
struct ShimVfs::File {
  sqlite3_file base;
  ShimVfs* owner;
  std::string* path;  // null: a temporary file
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  Call call(Op op) { return {.op = op, .path = *path, .handle = this, .real = real()}; }
};

template <class F>
int ShimVfs::pass(const Call& call, F&& to_the_file) {
  if (const auto answer = before(call)) return *answer;
  const int code = to_the_file();
  after(call, code);
  return code;
}

struct ShimVfs::Io {
  static ShimVfs& self(sqlite3_vfs* vfs) { return *static_cast<ShimVfs*>(vfs->pAppData); }
  static File& file(sqlite3_file* f) { return *reinterpret_cast<File*>(f); }
  static sqlite3_file* real(sqlite3_file* f) { return file(f).real(); }
  static const sqlite3_io_methods& below(sqlite3_file* f) { return *real(f)->pMethods; }

  template <class Say, class F>
  static int pass(sqlite3_file* f, Op op, Say&& say, F&& to_the_file) {
    File& h = file(f);
    if (!h.path) return to_the_file();
    Call call = h.call(op);
    say(call);
    return h.owner->pass(call, to_the_file);
  }
  template <class F>
  static int pass(sqlite3_file* f, Op op, F&& to_the_file) {
    return pass(
        f, op, [](Call&) {}, to_the_file);
  }

  static int close(sqlite3_file* f) {
    const int code = pass(f, Op::close, [&] { return below(f).xClose(real(f)); });
    delete file(f).path;
    return code;
  }
  static int read(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
    return pass(f, Op::read, [&] { return below(f).xRead(real(f), to, n, at); });
  }
  static int write(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
    const std::string_view data(static_cast<const char*>(from), static_cast<std::size_t>(n));
    return pass(
        f, Op::write, [&](Call& c) { c.offset = at, c.data = data; },
        [&] { return below(f).xWrite(real(f), from, n, at); });
  }
  static int truncate(sqlite3_file* f, sqlite3_int64 size) {
    return pass(
        f, Op::truncate, [&](Call& c) { c.offset = size; }, [&] { return below(f).xTruncate(real(f), size); });
  }
  static int sync(sqlite3_file* f, int flags) {
    return pass(f, Op::sync, [&] { return below(f).xSync(real(f), flags); });
  }
  static int size(sqlite3_file* f, sqlite3_int64* size) {
    return pass(f, Op::size, [&] { return below(f).xFileSize(real(f), size); });
  }
  static int lock(sqlite3_file* f, int level) {
    return pass(
        f, Op::lock, [&](Call& c) { c.flags = level; }, [&] { return below(f).xLock(real(f), level); });
  }
  static int unlock(sqlite3_file* f, int level) { return below(f).xUnlock(real(f), level); }
  static int reserved(sqlite3_file* f, int* out) { return below(f).xCheckReservedLock(real(f), out); }
  static int control(sqlite3_file* f, int op, void* arg) { return below(f).xFileControl(real(f), op, arg); }
  static int sector(sqlite3_file* f) { return below(f).xSectorSize(real(f)); }
  static int traits(sqlite3_file* f) { return below(f).xDeviceCharacteristics(real(f)); }
  static int shm_map(sqlite3_file* f, int region, int size, int extend, void volatile** out) {
    return pass(f, Op::map, [&] { return below(f).xShmMap(real(f), region, size, extend, out); });
  }
  static int shm_lock(sqlite3_file* f, int first, int n, int flags) {
    return pass(
        f, Op::shm_lock, [&](Call& c) { c.offset = first, c.count = n, c.flags = flags; },
        [&] { return below(f).xShmLock(real(f), first, n, flags); });
  }
  static void shm_barrier(sqlite3_file* f) { below(f).xShmBarrier(real(f)); }
  static int shm_unmap(sqlite3_file* f, int remove) { return below(f).xShmUnmap(real(f), remove); }

  static constexpr sqlite3_io_methods kMethods = {2,        close,       read,      write,   truncate, sync,   size,
                                                  lock,     unlock,      reserved,  control, sector,   traits, shm_map,
                                                  shm_lock, shm_barrier, shm_unmap, nullptr, nullptr};

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* f, int flags, int* out_flags) {
    ShimVfs& me = self(vfs);
    File& h = file(f);
    f->pMethods = nullptr;
    h.owner = &me;
    h.path = nullptr;
    const auto really = [&] {
      const int code = me.real_->xOpen(me.real_, path, h.real(), flags, out_flags);
      if (code == SQLITE_OK) f->pMethods = &kMethods;
      return code;
    };
    if (!path || (flags & SQLITE_OPEN_DELETEONCLOSE)) return really();
    const int code = me.pass({.op = Op::open, .path = path, .handle = &h, .real = h.real(), .flags = flags}, really);
    if (code == SQLITE_OK) h.path = new std::string(path);
    return code;
  }
  static int remove(sqlite3_vfs* vfs, const char* path, int sync_folder) {
    ShimVfs& me = self(vfs);
    return me.pass({.op = Op::remove, .path = path, .flags = sync_folder},
                   [&] { return me.real_->xDelete(me.real_, path, sync_folder); });
  }
  static int access(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
    ShimVfs& me = self(vfs);
    return me.pass({.op = Op::access, .path = path}, [&] { return me.real_->xAccess(me.real_, path, flags, out); });
  }
  static int full_path(sqlite3_vfs* vfs, const char* path, int n, char* out) {
    return self(vfs).real_->xFullPathname(self(vfs).real_, path, n, out);
  }
  static int randomness(sqlite3_vfs* vfs, int n, char* out) {
    return self(vfs).real_->xRandomness(self(vfs).real_, n, out);
  }
  static int sleep(sqlite3_vfs* vfs, int us) { return self(vfs).real_->xSleep(self(vfs).real_, us); }
  static int now(sqlite3_vfs* vfs, double* out) { return self(vfs).real_->xCurrentTime(self(vfs).real_, out); }
  static int now64(sqlite3_vfs* vfs, sqlite3_int64* out) {
    return self(vfs).real_->xCurrentTimeInt64(self(vfs).real_, out);
  }
  static int last_error(sqlite3_vfs* vfs, int n, char* out) {
    return self(vfs).real_->xGetLastError(self(vfs).real_, n, out);
  }
};

ShimVfs::ShimVfs(std::string name) : name_(std::move(name)), real_(sqlite3_vfs_find(nullptr)) {
  vfs_.iVersion = 2;
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
  vfs_.mxPathname = real_->mxPathname;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = Io::open;
  vfs_.xDelete = Io::remove;
  vfs_.xAccess = Io::access;
  vfs_.xFullPathname = Io::full_path;
  vfs_.xRandomness = Io::randomness;
  vfs_.xSleep = Io::sleep;
  vfs_.xCurrentTime = Io::now;
  vfs_.xCurrentTimeInt64 = Io::now64;
  vfs_.xGetLastError = Io::last_error;
  if (sqlite3_vfs_register(&vfs_, 0) != SQLITE_OK) throw std::runtime_error("cannot register VFS " + name_);
}

ShimVfs::~ShimVfs() { sqlite3_vfs_unregister(&vfs_); }

}  // namespace penstock::testing
