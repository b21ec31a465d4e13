// A SQLite VFS over the default one, for harnesses: what SQLite does to files passes through two functions,
// which may watch it, refuse it, or answer in the file's stead. Temporary files pass unseen.
#pragma once

#include <cstdint>
#include <optional>
#include <sqlite3.h>
#include <string>
#include <string_view>

namespace penstock::testing {

// Thread: any. Connections that use it must be closed before it is destroyed.
class ShimVfs {
 public:
  enum class Op { open, close, read, write, truncate, sync, size, remove, access, lock, map, shm_lock };
  struct Call {
    Op op;
    std::string_view path;
    const void* handle = nullptr;  // tells open files apart; null for remove and access
    sqlite3_file* real = nullptr;  // the file below
    std::int64_t offset = 0;       // write: where; truncate: the new size; shm_lock: the first lock
    std::string_view data{};       // write
    int count = 0;                 // shm_lock: how many locks
    int flags = 0;                 // open, shm_lock; lock: the level
  };

  ShimVfs(const ShimVfs&) = delete;
  ShimVfs& operator=(const ShimVfs&) = delete;

 protected:
  explicit ShimVfs(std::string name);  // registered under this name
  virtual ~ShimVfs();

  virtual std::optional<int> before(const Call&) { return {}; }  // a value is the answer: the file is not asked
  virtual void after(const Call&, int /*code*/) {}               // what the file answered

 private:
  struct File;
  struct Io;  // the functions that SQLite calls
  template <class F>
  int pass(const Call&, F&& to_the_file);

  const std::string name_;
  sqlite3_vfs vfs_{};
  sqlite3_vfs* const real_;
};

}  // namespace penstock::testing
