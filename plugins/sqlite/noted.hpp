// What a DELETE has seen of the row that it took away.
#pragma once

#include <cstdint>
#include <sqlite3.h>
#include <string>

namespace penstock::sqlite {

// The SQL function penstock_note(flags, traits) is always true, and leaves its arguments here. As the last
// condition of a DELETE of one row it does what RETURNING does, which costs a temporary table a time.
class Noted {
 public:
  explicit Noted(sqlite3* db);  // throws Failure
  Noted(const Noted&) = delete;
  Noted& operator=(const Noted&) = delete;

  std::int64_t flags = 0;
  std::string traits;

 private:
  static void note(sqlite3_context* context, int, sqlite3_value** values) noexcept;
};

}  // namespace penstock::sqlite
