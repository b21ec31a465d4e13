// A SQLite VFS that can cut the power, kill its process, and fail any operation.
//
// It keeps, for every file, what a disk is bound to hold (all that was synced) beside what was
// written since. A cut writes into another folder one image that a disk could hold at that moment:
// each unsynced write and change of size is kept, dropped, or torn at a 512-byte boundary, in any
// order; a file never synced may be missing, a deletion not synced may be undone. From then on every
// operation of the victim fails. Shared memory and locks pass through, so WAL works as it does
// everywhere, with as many connections as wanted; real syncs are left out.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <vector>

#include "support/shim_vfs.hpp"

namespace penstock::testing {

enum class Fault {
  io,      // the operation's own code: SQLITE_IOERR_READ, _WRITE, _FSYNC, ...
  full,    // ENOSPC: SQLITE_FULL for writes; only operations that take space
  memory,  // SQLITE_IOERR_NOMEM; only operations that may take some
  kill,    // SIGKILL of this process instead of the operation
};

// Thread: any. Connections that use it must be closed before it is destroyed.
class CutVfs final : public ShimVfs {
 public:
  explicit CutVfs(std::string name) : ShimVfs(std::move(name)) {}

  // Cuts the power at the `change`-th write, truncation, sync or deletion from now. The image goes to
  // `folder`, which exists and is empty. No file may be open: what the disk holds now counts as synced.
  void cut_at(std::uint64_t change, std::uint64_t seed, std::string folder);
  void cut_now();

  // Makes the `operation`-th operation of any sort from now fail, and with `forever` all after it.
  void fail_at(std::uint64_t operation, Fault, bool forever);
  void heal();  // no cut and no failure is planned any more

  bool was_cut() const;
  std::uint64_t injected() const;    // operations failed by fail_at, since then
  std::string first_failed() const;  // of these: its sort and file, such as "sync a.db-wal"
  std::uint64_t resynced() const;    // writes and syncs through a handle after one of its syncs has failed
  std::uint64_t unsynced() const;    // writes and changes of size whose fate the last cut decided

 private:
  struct Change {  // since the last sync
    std::int64_t offset = 0;
    std::string data;
    bool truncate = false;  // to `offset`
  };
  struct Disk {
    std::string synced;
    std::vector<Change> pending;
    bool linked = false;   // a sync has made its name durable
    bool removed = false;  // deleted, which a cut may undo
  };

  std::optional<int> before(const Call&) override;
  void after(const Call&, int code) override;

  // All below: with `mutex_` held.
  int fault(const Call&);                  // SQLITE_OK, or the code with which the operation fails
  std::optional<int> change(const Call&);  // what it does to the disk; its code when the power goes at it
  bool due();                              // counts a change; true when this one is cut
  void cut();
  void write_image(const std::string& path, const Disk&);

  mutable std::mutex mutex_;
  std::map<std::string, Disk, std::less<>> disks_;
  std::set<const void*> unsyncable_;  // handles of which a sync has failed
  std::uint64_t changes_left_ = 0, operations_left_ = 0, injected_ = 0, resynced_ = 0, unsynced_ = 0;
  std::string first_failed_;
  Fault fault_ = Fault::io;
  bool forever_ = false, failing_ = false, cut_ = false;
  std::string folder_;
  std::mt19937_64 random_;
};

}  // namespace penstock::testing
