#include "support/cut_vfs.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <signal.h>
#include <unistd.h>
#include <utility>

namespace penstock::testing {
namespace {

constexpr std::int64_t kSector = 512;

void put(std::string& file, std::int64_t offset, std::string_view data) {
  const auto end = static_cast<std::size_t>(offset) + data.size();
  if (file.size() < end) file.resize(end);
  std::copy(data.begin(), data.end(), file.begin() + offset);
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// What is on the disk already counts as synced.
std::string content(sqlite3_file* file) {
  sqlite3_int64 size = 0;
  std::string content;
  if (file->pMethods->xFileSize(file, &size) != SQLITE_OK || size == 0) return content;
  content.resize(static_cast<std::size_t>(size));
  file->pMethods->xRead(file, content.data(), static_cast<int>(size), 0);
  return content;
}

}  // namespace

std::optional<int> CutVfs::before(const Call& call) {
  // To fail what gives a lock back would be to hold it for ever, which no system does.
  if (call.op == Op::close || (call.op == Op::shm_lock && (call.flags & SQLITE_SHM_UNLOCK))) return {};
  const std::lock_guard lock(mutex_);
  if (const int code = fault(call)) return code;
  return change(call);
}

void CutVfs::after(const Call& call, int code) {
  const std::lock_guard lock(mutex_);
  if (call.op == Op::close) unsyncable_.erase(call.handle);
  if (code != SQLITE_OK) return;
  if (call.op == Op::open) {
    const auto [disk, fresh] = disks_.try_emplace(std::string(call.path));
    if (fresh) disk->second.synced = content(call.real), disk->second.linked = !disk->second.synced.empty();
    disk->second.removed = false;
  } else if (call.op == Op::remove) {
    const auto disk = disks_.find(call.path);
    if (disk == disks_.end()) return;
    if (call.flags) {  // the folder was synced
      disks_.erase(disk);
    } else {
      disk->second.removed = true;
    }
  }
}

std::optional<int> CutVfs::change(const Call& call) {
  if (call.op == Op::remove) return due() ? std::optional(SQLITE_IOERR_DELETE) : std::nullopt;
  if (call.op != Op::write && call.op != Op::truncate && call.op != Op::sync) return {};
  if (unsyncable_.contains(call.handle)) ++resynced_;
  Disk& disk = disks_.try_emplace(std::string(call.path)).first->second;
  if (call.op == Op::write) {
    disk.pending.push_back({call.offset, std::string(call.data)});
    return due() ? std::optional(SQLITE_IOERR_WRITE) : std::nullopt;
  }
  if (call.op == Op::truncate) {
    disk.pending.push_back({call.offset, {}, true});
    return due() ? std::optional(SQLITE_IOERR_TRUNCATE) : std::nullopt;
  }
  if (due()) return SQLITE_IOERR_FSYNC;
  for (const Change& c : disk.pending) {
    if (c.truncate) {
      disk.synced.resize(static_cast<std::size_t>(c.offset));
    } else {
      put(disk.synced, c.offset, c.data);
    }
  }
  disk.pending.clear();
  disk.linked = true;
  return SQLITE_OK;  // and the real file is spared it
}

int CutVfs::fault(const Call& call) {
  struct Sort {
    const char* name;
    int code;
  };
  static constexpr Sort kSorts[] = {{"open", SQLITE_CANTOPEN},           {"close", SQLITE_OK},
                                    {"read", SQLITE_IOERR_READ},         {"write", SQLITE_IOERR_WRITE},
                                    {"truncate", SQLITE_IOERR_TRUNCATE}, {"sync", SQLITE_IOERR_FSYNC},
                                    {"size", SQLITE_IOERR_FSTAT},        {"remove", SQLITE_IOERR_DELETE},
                                    {"access", SQLITE_IOERR_ACCESS},     {"lock", SQLITE_IOERR_LOCK},
                                    {"map", SQLITE_IOERR_SHMMAP},        {"shm_lock", SQLITE_IOERR_SHMLOCK}};
  const Sort& sort = kSorts[static_cast<int>(call.op)];
  if (cut_) return sort.code;
  const bool takes_space = call.op == Op::write || call.op == Op::map;
  if (fault_ == Fault::full && !takes_space) return SQLITE_OK;
  const bool takes_memory = call.op == Op::open || call.op == Op::map || call.op == Op::lock || call.op == Op::shm_lock;
  if (fault_ == Fault::memory && !takes_memory) return SQLITE_OK;
  if (!failing_ && (operations_left_ == 0 || --operations_left_ > 0)) return SQLITE_OK;
  failing_ = forever_;
  if (fault_ == Fault::kill) kill(getpid(), SIGKILL);
  if (++injected_ == 1) first_failed_ = std::string(sort.name) + " " + std::string(base_name(call.path));
  if (call.op == Op::sync) unsyncable_.insert(call.handle);
  if (fault_ == Fault::memory) return SQLITE_IOERR_NOMEM;
  errno = fault_ == Fault::full ? ENOSPC : EIO;
  return fault_ == Fault::full && call.op == Op::write ? SQLITE_FULL : sort.code;
}

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
  injected_ = resynced_ = 0;
  first_failed_.clear();
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
std::string CutVfs::first_failed() const {
  const std::lock_guard lock(mutex_);
  return first_failed_;
}
std::uint64_t CutVfs::resynced() const {
  const std::lock_guard lock(mutex_);
  return resynced_;
}
std::uint64_t CutVfs::unsynced() const {
  const std::lock_guard lock(mutex_);
  return unsynced_;
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
    unsynced_ += disk.pending.size();
    const bool there = disk.removed ? random_() % 2 == 0 : disk.linked || random_() % 4 != 0;
    if (there) write_image(path, disk);
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
  std::ofstream(folder_ + "/" + std::string(base_name(path)), std::ios::binary) << image;
}

}  // namespace penstock::testing
