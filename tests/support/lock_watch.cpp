#include "support/lock_watch.hpp"

namespace penstock::testing {
namespace {

// Of the locks in the shared memory of a log, by SQLite's file format.
constexpr std::int64_t kWrite = 0, kCheckpoint = 1;

bool concerns(const ShimVfs::Call& call, std::int64_t lock) {
  return call.offset <= lock && lock < call.offset + call.count;
}

}  // namespace

std::optional<int> LockWatch::before(const Call& call) {
  if (call.op != Op::shm_lock || !(call.flags & SQLITE_SHM_UNLOCK) || !(call.flags & SQLITE_SHM_EXCLUSIVE)) return {};
  const std::lock_guard lock(mutex_);
  Holders& holders = files_[std::string(call.path)];
  if (concerns(call, kCheckpoint)) holders.checkpointer.erase(call.handle);
  if (concerns(call, kWrite)) {
    holders.writer.erase(call.handle);
    unlocked_ += holders.writer.empty() && !holders.checkpointer.empty();
  }
  return {};
}

void LockWatch::after(const Call& call, int code) {
  removed_ += call.op == Op::remove && call.path.ends_with("-wal");
  if (call.op != Op::shm_lock || code != SQLITE_OK || !(call.flags & SQLITE_SHM_LOCK) ||
      !(call.flags & SQLITE_SHM_EXCLUSIVE)) {
    return;
  }
  const std::lock_guard lock(mutex_);
  Holders& holders = files_[std::string(call.path)];
  if (concerns(call, kWrite)) {
    holders.writer.insert(call.handle);
    blocking_ += holders.checkpointer.contains(call.handle);
  }
  if (concerns(call, kCheckpoint)) {
    holders.checkpointer.insert(call.handle);
    checkpoints_ += call.count == 1;  // a recovery takes more locks at once
    unlocked_ += holders.writer.empty();
  }
}

}  // namespace penstock::testing
