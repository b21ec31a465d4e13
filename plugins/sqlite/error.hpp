// How the codes of SQLite become errors of the seam.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include <penstock/plugin/result.hpp>

struct sqlite3;

namespace penstock::sqlite {

// Thrown inside this plugin when a statement fails; never leaves it.
class Failure final : public std::exception {
 public:
  Failure(Error error, int code) : error_(std::move(error)), code_(code) {}
  const Error& error() const noexcept { return error_; }
  int code() const noexcept { return code_ & 0xff; }   // SQLite's primary code
  int extended() const noexcept { return code_; }      // and its extended one
  const char* what() const noexcept override { return error_.message.c_str(); }

 private:
  Error error_;
  int code_;
};

// What `code`, extended or not, means to a caller whose call has changed nothing.
Errc meaning(int code) noexcept;

// The failure that `db` reports now: "PATH: WHAT: SQLite's own words (code)".
Failure failure(sqlite3* db, int code, const char* what);

// Whether a COMMIT that failed so may have happened all the same.
bool may_have_happened(const Failure& failure) noexcept;

// Runs `f`; a Failure becomes its Error, and so does whatever else is thrown.
template <class F>
auto contain(F&& f) noexcept {
  return guard([&]() -> decltype(f()) {
    try {
      return f();
    } catch (const Failure& failure) {
      return failure.error();
    }
  });
}

}  // namespace penstock::sqlite
