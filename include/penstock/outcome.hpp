// What a handler may return. Besides an Outcome it may return nothing (done) or a value (done, with
// that result), or throw: whatever is thrown counts as `retry` with its text.
//
//   return penstock::done(Thumbnail{...});
//   return penstock::retry("mirror is down");            // after the policy's backoff
//   return penstock::retry_after(30s, "rate limited");   // costs a retry, but at this time
//   return penstock::snooze(5min);                       // later, and costs nothing
//   return penstock::discard("customer is gone");        // ends as cancelled, with the reason
//   return penstock::fail("not an image");               // dead at once, whatever retries are left
#pragma once

#include <chrono>
#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <penstock/fields.hpp>
#include <penstock/plugin/outcome.hpp>

namespace penstock {
namespace impl {

// A distinct address per type: tells types apart within one module, without RTTI.
template <class T>
inline constexpr char kTypeTag = 0;

template <class T>
class TypedResult final : public ResultValue {
 public:
  explicit TypedResult(T value) : value_(std::move(value)), view_(value_) {}
  const Encodable* encodable() const noexcept override { return view_.get(); }
  const std::string* bytes() const noexcept override {
    if constexpr (std::same_as<T, std::string>) return &value_;
    return nullptr;
  }
  void* address(const void* type_tag) noexcept override { return type_tag == &kTypeTag<T> ? &value_ : nullptr; }

 private:
  // Shows the value to a codec when its type names its fields; other types stay in this process.
  struct Described_ {
    explicit Described_(const T& v) : view(v) {}
    const Encodable* get() const noexcept { return &view; }
    FieldView<T> view;
  };
  struct Opaque_ {
    explicit Opaque_(const T&) {}
    const Encodable* get() const noexcept { return nullptr; }
  };
  T value_;
  std::conditional_t<Described<T>, Described_, Opaque_> view_;
};

}  // namespace impl

inline Outcome done() { return {}; }
template <class T>
requires(!std::same_as<std::remove_cvref_t<T>, Outcome>) Outcome done(T&& value) {
  using Value = std::conditional_t<std::convertible_to<T, std::string_view>, std::string, std::remove_cvref_t<T>>;
  Outcome out;
  out.result = std::make_unique<impl::TypedResult<Value>>(Value(std::forward<T>(value)));
  return out;
}
inline Outcome retry(std::string reason) { return {Outcome::Verb::retry, std::move(reason), {}, nullptr}; }
inline Outcome retry_after(Millis delay, std::string reason = "asked to be run again") {
  return {Outcome::Verb::retry, std::move(reason), delay, nullptr};
}
inline Outcome snooze(Millis delay) { return {Outcome::Verb::snooze, {}, delay, nullptr}; }
inline Outcome discard(std::string reason) { return {Outcome::Verb::discard, std::move(reason), {}, nullptr}; }
inline Outcome fail(std::string reason) { return {Outcome::Verb::fail, std::move(reason), {}, nullptr}; }

}  // namespace penstock
