// How things go wrong inside the client: as exceptions that never leave it.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <penstock/plugin/result.hpp>

namespace penstock::redis {

// Carries what the caller is to be told.
class Failure final : public std::exception {
 public:
  explicit Failure(Error error) : error_(std::move(error)) {}
  const Error& error() const noexcept { return error_; }
  const char* what() const noexcept override { return error_.message.c_str(); }

 private:
  Error error_;
};

// A connection is of no use any more. What it means to a call depends on what was sent before.
class Lost final : public std::exception {
 public:
  explicit Lost(std::string why) : why_(std::move(why)) {}
  const char* what() const noexcept override { return why_.c_str(); }

 private:
  std::string why_;
};

// A wait was ended by the descriptor that is there to end it.
struct Interrupted {};

inline Error unavailable(std::string message) { return Error{Errc::unavailable, std::move(message), true}; }
inline Error unknown_outcome(std::string message) { return Error{Errc::unknown_outcome, std::move(message), true}; }

// The first word of a server's error; of an error inside a script, as servers before 7.0 wrap it, that one's.
std::string_view error_code(std::string_view text) noexcept;

// What a server's error, "CODE words", means to the caller.
Error server_error(std::string_view text);

}  // namespace penstock::redis
