#include "support/cut_vfs.hpp"

#include <algorithm>
#include <fstream>
#include <new>
#include <stdexcept>
#include <utility>

namespace penstock::testing {
namespace {

constexpr std::int64_t kSector = 512;

void put(std::string& file, std::int64_t offset, std::string_view data) {
  const auto end = static_cast<std::size_t>(offset) + data.size();
  if (file.size() < end) file.resize(end);
  std::copy(data.begin(), data.end(), file.begin() + offset);
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

// One open handle. SQLite hands over raw memory of `szOsFile` bytes; the real handle lies behind.
struct CutVfs::File {
  sqlite3_file base;
  CutVfs* owner;
  std::shared_ptr<Disk>* disk;  // null: a temporary file, which no cut can show
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

struct CutVfs::Io {
  static CutVfs& self(sqlite3_vfs* vfs) { return *static_cast<CutVfs*>(vfs->pAppData); }
  static File& file(sqlite3_file* f) { return *reinterpret_cast<File*>(f); }

  // Asks whether the operation may go on, and runs it under the lock.
  template <class F>
  static int run(sqlite3_file* f, Op op, F&& operation) {
    File& h = file(f);
    if (!h.disk) return operation(h, nullptr);
    const std::lock_guard lock(h.owner->mutex_);
    if (const int code = h.owner->before(op)) return code;
    return operation(h, h.disk->get());
  }

  static int close(sqlite3_file* f) {
    File& h = file(f);
    const int code = h.real()->pMethods->xClose(h.real());
    delete h.disk;
    return code;
  }
  static int read(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
    return run(f, Op::read, [&](File& h, Disk*) { return h.real()->pMethods->xRead(h.real(), to, n, at); });
  }
  static int write(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
    return run(f, Op::write, [&](File& h, Disk* disk) -> int {
      if (disk) {
        disk->pending.push_back({at, {static_cast<const char*>(from), static_cast<std::size_t>(n)}});
        if (h.owner->due()) return SQLITE_IOERR_WRITE;
      }
      return h.real()->pMethods->xWrite(h.real(), from, n, at);
    });
  }
  static int truncate(sqlite3_file* f, sqlite3_int64 size) {
    return run(f, Op::truncate, [&](File& h, Disk* disk) -> int {
      if (disk) {
        disk->pending.push_back({size, {}, true});
        if (h.owner->due()) return SQLITE_IOERR_TRUNCATE;
      }
      return h.real()->pMethods->xTruncate(h.real(), size);
    });
  }
  static int sync(sqlite3_file* f, int) {
    return run(f, Op::sync, [&](File& h, Disk* disk) -> int {
      if (!disk) return SQLITE_OK;
      if (h.owner->due()) return SQLITE_IOERR_FSYNC;
      for (const Change& c : disk->pending) {
        if (c.truncate) {
          disk->synced.resize(static_cast<std::size_t>(c.offset));
        } else {
          put(disk->synced, c.offset, c.data);
        }
      }
      disk->pending.clear();
      disk->linked = true;
      return SQLITE_OK;
    });
  }
  static int size(sqlite3_file* f, sqlite3_int64* size) {
    return run(f, Op::size, [&](File& h, Disk*) { return h.real()->pMethods->xFileSize(h.real(), size); });
  }
  static int lock(sqlite3_file* f, int level) { return file(f).real()->pMethods->xLock(file(f).real(), level); }
  static int unlock(sqlite3_file* f, int level) { return file(f).real()->pMethods->xUnlock(file(f).real(), level); }
  static int reserved(sqlite3_file* f, int* out) {
    return file(f).real()->pMethods->xCheckReservedLock(file(f).real(), out);
  }
  static int control(sqlite3_file* f, int op, void* arg) {
    return file(f).real()->pMethods->xFileControl(file(f).real(), op, arg);
  }
  static int sector(sqlite3_file* f) { return file(f).real()->pMethods->xSectorSize(file(f).real()); }
  static int traits(sqlite3_file* f) { return file(f).real()->pMethods->xDeviceCharacteristics(file(f).real()); }
  static int shm_map(sqlite3_file* f, int region, int size, int extend, void volatile** out) {
    return run(f, Op::map,
               [&](File& h, Disk*) { return h.real()->pMethods->xShmMap(h.real(), region, size, extend, out); });
  }
  static int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
    return file(f).real()->pMethods->xShmLock(file(f).real(), offset, n, flags);
  }
  static void shm_barrier(sqlite3_file* f) { file(f).real()->pMethods->xShmBarrier(file(f).real()); }
  static int shm_unmap(sqlite3_file* f, int remove) {
    return file(f).real()->pMethods->xShmUnmap(file(f).real(), remove);
  }

  static constexpr sqlite3_io_methods kMethods = {2,        close,       read,      write,   truncate, sync,   size,
                                                  lock,     unlock,      reserved,  control, sector,   traits, shm_map,
                                                  shm_lock, shm_barrier, shm_unmap, nullptr, nullptr};

  // What is on the disk already counts as synced.
  static int adopt(sqlite3_file* real, Disk& disk) {
    sqlite3_int64 size = 0;
    int code = real->pMethods->xFileSize(real, &size);
    if (code || size == 0) return code;
    disk.linked = true;
    disk.synced.resize(static_cast<std::size_t>(size));
    return real->pMethods->xRead(real, disk.synced.data(), static_cast<int>(size), 0);
  }

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* f, int flags, int* out_flags) {
    CutVfs& me = self(vfs);
    File& h = file(f);
    f->pMethods = nullptr;
    h.owner = &me;
    h.disk = nullptr;
    const std::lock_guard lock(me.mutex_);
    if (path) {
      if (const int code = me.before(Op::open)) return code;
    }
    if (const int code = me.real_->xOpen(me.real_, path, h.real(), flags, out_flags)) return code;
    f->pMethods = &kMethods;
    if (!path || (flags & SQLITE_OPEN_DELETEONCLOSE)) return SQLITE_OK;
    std::shared_ptr<Disk>& disk = me.disks_[path];
    if (!disk) {
      disk = std::make_shared<Disk>();
      if (const int code = adopt(h.real(), *disk)) return code;
    }
    disk->removed = false;
    h.disk = new std::shared_ptr<Disk>(disk);
    return SQLITE_OK;
  }
  static int remove(sqlite3_vfs* vfs, const char* path, int sync_folder) {
    CutVfs& me = self(vfs);
    const std::lock_guard lock(me.mutex_);
    if (const int code = me.before(Op::remove)) return code;
    if (me.due()) return SQLITE_IOERR_DELETE;
    const int code = me.real_->xDelete(me.real_, path, 0);
    const auto disk = me.disks_.find(path);
    if (code || disk == me.disks_.end()) return code;
    if (sync_folder) {
      me.disks_.erase(disk);
    } else {
      disk->second->removed = true;
    }
    return SQLITE_OK;
  }
  static int access(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
    CutVfs& me = self(vfs);
    const std::lock_guard lock(me.mutex_);
    if (const int code = me.before(Op::access)) return code;
    return me.real_->xAccess(me.real_, path, flags, out);
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

CutVfs::CutVfs(std::string name) : name_(std::move(name)), real_(sqlite3_vfs_find(nullptr)) {
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

CutVfs::~CutVfs() { sqlite3_vfs_unregister(&vfs_); }

void CutVfs::cut_at(std::uint64_t change, std::uint64_t seed, std::string folder) {
  const std::lock_guard lock(mutex_);
  disks_.clear();
  changes_left_ = change;
  folder_ = std::move(folder);
  random_.seed(seed);
  cut_ = false;
}

void CutVfs::cut_now() {
  const std::lock_guard lock(mutex_);
  if (!cut_) cut();
}

void CutVfs::fail_at(std::uint64_t operation, Fault fault, bool forever) {
  const std::lock_guard lock(mutex_);
  operations_left_ = operation;
  fault_ = fault;
  forever_ = forever;
  failing_ = false;
  injected_ = 0;
}

void CutVfs::heal() {
  const std::lock_guard lock(mutex_);
  changes_left_ = operations_left_ = 0;
  failing_ = cut_ = false;
}

bool CutVfs::was_cut() const {
  const std::lock_guard lock(mutex_);
  return cut_;
}
std::uint64_t CutVfs::injected() const {
  const std::lock_guard lock(mutex_);
  return injected_;
}
std::uint64_t CutVfs::unsynced() const {
  const std::lock_guard lock(mutex_);
  return unsynced_;
}

int CutVfs::before(Op op) {
  static constexpr int kCodes[] = {SQLITE_CANTOPEN,       SQLITE_IOERR_READ,   SQLITE_IOERR_WRITE,
                                   SQLITE_IOERR_TRUNCATE, SQLITE_IOERR_FSYNC,  SQLITE_IOERR_FSTAT,
                                   SQLITE_IOERR_DELETE,   SQLITE_IOERR_ACCESS, SQLITE_IOERR_SHMMAP};
  const int own = kCodes[static_cast<int>(op)];
  if (cut_) return own;
  const bool takes_space = op == Op::open || op == Op::write || op == Op::map;
  if (fault_ == Fault::full && !takes_space) return SQLITE_OK;
  if (!failing_ && (operations_left_ == 0 || --operations_left_ > 0)) return SQLITE_OK;
  failing_ = forever_;
  ++injected_;
  if (fault_ == Fault::memory) return SQLITE_IOERR_NOMEM;
  return fault_ == Fault::full && op == Op::write ? SQLITE_FULL : own;
}

bool CutVfs::due() {
  if (changes_left_ == 0 || --changes_left_ > 0) return false;
  cut();
  return true;
}

void CutVfs::cut() {
  cut_ = true;
  unsynced_ = 0;
  for (const auto& [path, disk] : disks_) {
    unsynced_ += disk->pending.size();
    const bool there = disk->removed ? random_() % 2 == 0 : disk->linked || random_() % 4 != 0;
    if (there) write_image(path, *disk);
  }
}

// Some disks lose everything, some nothing, most of them anything.
void CutVfs::write_image(const std::string& path, const Disk& disk) {
  enum class Fate { dropped, kept, torn };
  const auto luck = random_() % 8;
  std::vector<Change> changes = disk.pending;
  if (luck > 1) std::shuffle(changes.begin(), changes.end(), random_);
  std::string image = disk.synced;
  for (const Change& c : changes) {
    const Fate fate = luck == 0 ? Fate::dropped : luck == 1 ? Fate::kept : static_cast<Fate>(random_() % 3);
    if (fate == Fate::dropped) continue;
    if (c.truncate) {
      image.resize(static_cast<std::size_t>(c.offset));
      continue;
    }
    if (fate == Fate::kept) {
      put(image, c.offset, c.data);
      continue;
    }
    const auto end = c.offset + static_cast<std::int64_t>(c.data.size());
    for (auto at = c.offset; at < end;) {  // sector by sector
      const auto next = std::min(end, (at / kSector + 1) * kSector);
      const std::string_view all = c.data;
      if (random_() % 2)
        put(image, at, all.substr(static_cast<std::size_t>(at - c.offset), static_cast<std::size_t>(next - at)));
      at = next;
    }
  }
  std::ofstream(folder_ + "/" + base_name(path), std::ios::binary) << image;
}

}  // namespace penstock::testing
