// One connection to the database file, opened with every option this plugin relies on.
#pragma once

#include <chrono>
#include <cstdint>
#include <sqlite3.h>
#include <string>

#include <penstock/plugin/time.hpp>

namespace penstock::sqlite {

// What the config says; the same for all connections of one backend.
struct Options {
  std::string path, vfs;
  bool power = true;  // synchronous FULL, else NORMAL
  Millis busy_timeout{5000};
  std::int64_t cache = 8 << 20, checkpoint = 4 << 20;
  std::uint64_t max_body = 1088 << 10;
  Millis remember{10'000};
};

// Thread: one at a time.
class Connection {
 public:
  explicit Connection(const Options& options);  // throws Failure
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  sqlite3* raw() const noexcept { return raw_; }
  void execute(const char* sql);  // throws Failure
  // Of the file as this connection sees it: another one after every commit, of any connection. 0: not known.
  std::uint32_t version() noexcept;
  std::int64_t integer(const char* sql);  // the first value of the first row, 0 when there is none
  std::string text(const char* sql);

 private:
  static int busy(void* self, int tries) noexcept;
  void configure();

  const Options& options_;
  sqlite3* raw_ = nullptr;
  std::chrono::steady_clock::time_point busy_since_{};
};

}  // namespace penstock::sqlite
