// Errors and results as they cross every seam of Penstock: as plain values, never as exceptions.
//
// A function at a seam returns `Result<T>`: either a value or an `Error`. Code behind a seam may use
// throwing libraries; it wraps them in `guard`, which turns whatever is thrown into an `Error`.
#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <penstock/plugin/abi.hpp>

namespace penstock {
inline namespace PENSTOCK_ABI_NAMESPACE {

// Why a call failed. The list is short and stable; the message carries the detail.
enum class Errc : std::int32_t {
  invalid = 1,         // the caller's value is wrong; the same call can never succeed
  not_found,           // the thing named does not exist
  conflict,            // it exists with another content, or at another revision
  lease_lost,          // the caller's epoch is no longer the current one; nothing was changed
  resource_exhausted,  // a limit or a disk is full; nothing was changed
  unavailable,         // the store cannot be reached or is busy; nothing was changed
  unknown_outcome,     // the call may or may not have happened; sending the same ids again is safe
  unsupported,         // this backend does not offer what was asked
  permission,          // the operating system or the store refused access
  data_regression,     // the store holds less, or something else, than it should
  internal,            // a defect, or an error nobody foresaw
};

// The code's name as it stands in logs and metrics: "invalid", "not_found", ...
constexpr const char* name(Errc code) noexcept {
  switch (code) {
    case Errc::invalid:
      return "invalid";
    case Errc::not_found:
      return "not_found";
    case Errc::conflict:
      return "conflict";
    case Errc::lease_lost:
      return "lease_lost";
    case Errc::resource_exhausted:
      return "resource_exhausted";
    case Errc::unavailable:
      return "unavailable";
    case Errc::unknown_outcome:
      return "unknown_outcome";
    case Errc::unsupported:
      return "unsupported";
    case Errc::permission:
      return "permission";
    case Errc::data_regression:
      return "data_regression";
    case Errc::internal:
      return "internal";
  }
  return "internal";
}

struct Error {
  Errc code = Errc::internal;
  std::string message;     // for people: names the value, the key and the place at fault
  bool retryable = false;  // the same call may succeed later
};

// A value or an error. Test it before use: `value()` of a failed result ends the process.
template <class T>
class [[nodiscard]] Result {
 public:
  template <std::convertible_to<T> U>
  requires(!std::same_as<std::remove_cvref_t<U>, Result> && !std::same_as<std::remove_cvref_t<U>, Error>)
      Result(U&& value)
      : v_(std::in_place_index<0>, std::forward<U>(value)) {}
  Result(Error error) : v_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const noexcept { return v_.index() == 0; }
  T& value() & noexcept { return std::get<0>(v_); }
  const T& value() const& noexcept { return std::get<0>(v_); }
  T&& value() && noexcept { return std::get<0>(std::move(v_)); }
  T& operator*() & noexcept { return value(); }
  const T& operator*() const& noexcept { return value(); }
  T* operator->() noexcept { return &value(); }
  const T* operator->() const noexcept { return &value(); }
  const Error& error() const noexcept { return std::get<1>(v_); }

 private:
  std::variant<T, Error> v_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  explicit operator bool() const noexcept { return !error_; }
  const Error& error() const noexcept { return *error_; }

 private:
  std::optional<Error> error_;
};

// Runs `f`, which returns some `Result`; whatever it throws becomes an `Error`.
template <class F>
auto guard(F&& f) noexcept -> decltype(f()) {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    return Error{Errc::resource_exhausted, "out of memory", true};
  } catch (const std::exception& e) {
    return Error{Errc::internal, e.what()};
  } catch (...) {
    return Error{Errc::internal, "something that is not a std::exception was thrown"};
  }
}

}  // namespace PENSTOCK_ABI_NAMESPACE
}  // namespace penstock
