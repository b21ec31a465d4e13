// What a handler may return. Besides an Outcome it may return nothing (done) or a value (done, with
// that result), or throw: whatever is thrown counts as `retry` with its text.
//
//   return penstock::done(Thumbnail{...});
//   return penstock::retry("mirror is down");            // after the policy's backoff
//   return penstock::retry_after(30s, "rate limited");   // costs a retry, but at this time
//   return penstock::snooze(5min);                       // later, and costs nothing
//   return penstock::back_off(30s);                      // the same, for all of the queue, in all processes
//   return penstock::discard("customer is gone");        // ends as cancelled, with the reason
//   return penstock::fail("not an image");               // dead at once, whatever retries are left
#pragma once

#include <chrono>
#include <concepts>
#include <iterator>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <penstock/payload.hpp>
#include <penstock/plugin/outcome.hpp>

namespace penstock {
namespace impl {

// A distinct address per type: tells types apart within one module, without RTTI.
template <class T>
inline constexpr char kTypeTag = 0;

// A text, a vector, an array: its values lie side by side.
template <class T>
concept Contiguous = requires(const T& values) {
  std::data(values);
  std::size(values);
};

template <class T>
class TypedResult final : public ResultValue {
 public:
  explicit TypedResult(T value) : value_(std::move(value)) {}
  Result<bool> encode(ValueCodec* codec, std::string& codec_name, std::string& out) const noexcept override {
    if constexpr (HasPayload<T>) {
      return guard([&]() -> Result<bool> {
        codec_name = Payload<T>::codec_name(codec);
        Result<void> encoded = Payload<T>::encode(value_, codec, out);
        if (!encoded) return encoded.error();
        return true;
      });
    } else {
      return false;
    }
  }
  void* address(const void* type_tag) noexcept override { return type_tag == &kTypeTag<T> ? &value_ : nullptr; }
  std::size_t octets() const noexcept override {
    // Of deeper structures the outermost level.
    if constexpr (Contiguous<T>) {
      return sizeof *this + std::size(value_) * sizeof *std::data(value_);
    } else {
      return sizeof *this;
    }
  }

 private:
  T value_;
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
// Where the backend has no gates, only this task is put off.
inline Outcome back_off(Millis delay) { return {Outcome::Verb::snooze, {}, delay, nullptr, true}; }
inline Outcome snooze(Millis delay) { return {Outcome::Verb::snooze, {}, delay, nullptr}; }
inline Outcome discard(std::string reason) { return {Outcome::Verb::discard, std::move(reason), {}, nullptr}; }
inline Outcome fail(std::string reason) { return {Outcome::Verb::fail, std::move(reason), {}, nullptr}; }

}  // namespace penstock
