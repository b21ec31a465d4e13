// A SQLite VFS over the default one that can cut the power, and can fail any operation.
//
// It keeps, for every file, what a disk is bound to hold (all that was synced) beside what was
// written since. A cut writes into another folder one image that a disk could hold at that moment:
// each unsynced write and change of size is kept, dropped, or torn at a 512-byte boundary, in any
// order; a file never synced may be missing, a deletion not synced may be undone. From then on every
// operation of the victim fails. Shared memory and locks pass through, so WAL works as it does
// everywhere, with as many connections as wanted; real syncs are left out.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <sqlite3.h>
#include <string>
#include <vector>

namespace penstock::testing {

enum class Fault {
  io,      // the operation's own code: SQLITE_IOERR_READ, _WRITE, _FSYNC, ...
  full,    // SQLITE_FULL; only operations that take space
  memory,  // SQLITE_IOERR_NOMEM
};

// Thread: any. Connections that use it must be closed before it is destroyed.
class CutVfs {
 public:
  explicit CutVfs(std::string name);  // registered under this name
  ~CutVfs();
  CutVfs(const CutVfs&) = delete;
  CutVfs& operator=(const CutVfs&) = delete;

  // Cuts the power at the `change`-th write, truncation, sync or deletion from now. The image goes to
  // `folder`, which exists and is empty. No file may be open: what the disk holds now counts as synced.
  void cut_at(std::uint64_t change, std::uint64_t seed, std::string folder);
  void cut_now();

  // Makes the `operation`-th operation of any sort from now fail, and with `forever` all after it.
  void fail_at(std::uint64_t operation, Fault, bool forever);
  void heal();  // no cut and no failure is planned any more

  bool was_cut() const;
  std::uint64_t injected() const;  // operations failed by fail_at, since then
  std::uint64_t unsynced() const;  // writes and changes of size whose fate the last cut decided

 private:
  struct File;
  struct Io;  // the functions that SQLite calls
  enum class Op { open, read, write, truncate, sync, size, remove, access, map };

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

  // All below: with `mutex_` held.
  int before(Op);  // SQLITE_OK, or the code with which the operation fails
  bool due();      // counts a change; true when this one is cut
  void cut();
  void write_image(const std::string& path, const Disk&);

  const std::string name_;
  sqlite3_vfs vfs_{};
  sqlite3_vfs* const real_;

  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Disk>> disks_;
  std::uint64_t changes_left_ = 0, operations_left_ = 0, injected_ = 0, unsynced_ = 0;
  Fault fault_ = Fault::io;
  bool forever_ = false, failing_ = false, cut_ = false;
  std::string folder_;
  std::mt19937_64 random_;
};

}  // namespace penstock::testing
