// The store's memory: a log of requests in one folder, which any number of processes append to.
//
//   FOLDER/log-000000000003/snapshot        the store as it was before entry 3000
//   FOLDER/log-000000000003/000000003000    entries, one file each, a thousand to a folder
//   FOLDER/log-000000000003/000000003001
//
// Who appends entry n makes the file n if there is none (link(2): of several, one succeeds). So all agree on
// one order, nobody holds a lock, and a process that is killed or stopped anywhere holds up nobody: what it
// had not appended has not happened. Who finds that n is taken reads it and tries again with n + 1. The
// first who comes to the end of a folder makes the next one, with a snapshot, and lets old ones go.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "state.hpp"

namespace filesystem {

// Thread: one at a time.
class Log {
 public:
  // Opens the log of a folder, or starts it. Throws like the functions of files.hpp.
  Log(std::string folder, bool sync);

  // The store after all entries that are there now.
  Store& now();
  // Appends what was made for the store as it is; false: somebody else was first, and `now` is another.
  // The caller makes the same call on the store, to get its answer, and then says `made`: until then the
  // store is not the log's. May throw Uncertain.
  bool append(const std::string& request);
  void made() { sound_ = true; }

 private:
  static constexpr std::uint64_t kEntries = 1000;  // of a folder

  std::uint64_t folder_number() const { return next_ / kEntries; }
  std::string folder(std::uint64_t number) const;
  std::string entry(std::uint64_t number) const;
  std::string scratch();
  std::optional<std::uint64_t> newest() const;
  bool read_entries();
  void start_folder();
  void drop_before(std::uint64_t number);
  void load_newest();

  const std::string root_;
  const bool sync_;
  std::mt19937_64 random_{std::random_device{}()};
  Store store_;
  bool sound_ = false;      // it is what the entries before next_ make
  std::uint64_t next_ = 0;  // the entry that is to be read, or made, next
};

}  // namespace filesystem
