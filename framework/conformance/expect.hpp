// How a check says what it expected and what it saw, and what checks of every kind of plugin need besides.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "conformance/text.hpp"

namespace penstock::conformance {

// Where in a check something was looked at.
struct Here {
  const char* file;
  int line;
  static constexpr Here now(const char* file = __builtin_FILE(), int line = __builtin_LINE()) { return {file, line}; }
};

struct Broken {
  std::string message;
};
struct Unsupported {
  std::string reason;
};

[[noreturn]] void broken(const std::string& message, Here);

template <class T>
void same(const T& seen, const std::type_identity_t<T>& expected, std::string_view what, Here here = Here::now()) {
  if (!(seen == expected)) broken(std::string(what) + ": expected " + text(expected) + ", seen " + text(seen), here);
}
inline void holds(bool fact, std::string_view what, Here here = Here::now()) {
  if (!fact) broken("expected: " + std::string(what), here);
}

// The value of a call that has to succeed.
template <class T>
T must(Result<T> result, std::string_view what, Here here = Here::now()) {
  if (!result)
    broken(std::string(what) + " answered " + text(result.error().code) + ": " + result.error().message, here);
  return std::move(result).value();
}
inline void must(const Result<void>& result, std::string_view what, Here here = Here::now()) {
  if (!result)
    broken(std::string(what) + " answered " + text(result.error().code) + ": " + result.error().message, here);
}
// The code of a call that has to fail.
template <class T>
void fails(const Result<T>& result, Errc code, std::string_view what, Here here = Here::now()) {
  if (result) broken(std::string(what) + ": expected " + text(code) + ", seen success", here);
  same(result.error().code, code, what, here);
}

// Splitmix64: the same on every platform.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  std::uint64_t below(std::uint64_t n) { return next() % n; }

 private:
  std::uint64_t state_;
};

// A stretch of real time, so that no loop of a check depends on a broken store to end.
class Until {
 public:
  explicit Until(Millis from_now) : end_(std::chrono::steady_clock::now() + from_now) {}
  bool passed() const { return std::chrono::steady_clock::now() >= end_; }

 private:
  std::chrono::steady_clock::time_point end_;
};

// Runs `body(0)` to `body(n - 1)` at once, each on a thread of its own; the first throw breaks the promise.
void together(int n, const std::function<void(int)>& body);

}  // namespace penstock::conformance
