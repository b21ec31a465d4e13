// A SQLite VFS that watches checkpoints: each must run while some connection of this process holds the write
// lock. Where none does, a commit can start the log over under the checkpoint, which SQLite before 3.51.3
// may answer with lost commits (https://sqlite.org/wal.html#walresetbug).
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "support/shim_vfs.hpp"

namespace penstock::testing {

// Thread: any. Connections that use it must be closed before it is destroyed.
class LockWatch final : public ShimVfs {
 public:
  explicit LockWatch(std::string name) : ShimVfs(std::move(name)) {}

  std::uint64_t checkpoints() const { return checkpoints_; }
  std::uint64_t unlocked() const { return unlocked_; }  // of these, some time without the write lock
  std::uint64_t blocking() const { return blocking_; }  // that were not PASSIVE: such start the log over
  std::uint64_t removed() const { return removed_; }    // logs deleted, as by a checkpoint at close

 private:
  struct Holders {
    std::set<const void*> writer, checkpointer;
  };
  std::optional<int> before(const Call&) override;
  void after(const Call&, int code) override;

  std::mutex mutex_;
  std::map<std::string, Holders, std::less<>> files_;
  std::atomic<std::uint64_t> checkpoints_{0}, unlocked_{0}, blocking_{0}, removed_{0};
};

}  // namespace penstock::testing
