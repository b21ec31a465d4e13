// Notices that the files of the database are no longer those that were opened.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "clock.hpp"
#include "connection.hpp"

namespace penstock::sqlite {

// Who deletes or replaces a file of a running store leaves SQLite writing into files that nobody will
// find again. So they are looked at once in a while; when one is gone, that is final. Thread: any.
class Identity {
 public:
  Identity(Host& host, const Options& options, const Clock& clock) : host_(host), options_(options), clock_(clock) {}

  void record();  // the files as they are now; before the first look
  void look();    // at most once a second; throws Failure, data_regression
  void verify();  // looks now; before a connection is opened anew

 private:
  struct File {
    const char* suffix;
    dev_t device = 0;
    ino_t inode = 0;  // 0: not there
    bool same(const std::string& path) const;
  };
  [[noreturn]] void refuse(const File&);

  Host& host_;
  const Options& options_;
  const Clock& clock_;
  std::array<File, 3> files_{{{""}, {"-wal"}, {"-shm"}}};
  std::atomic<std::int64_t> looked_{0};
  std::atomic<const File*> gone_{nullptr};
};

}  // namespace penstock::sqlite
