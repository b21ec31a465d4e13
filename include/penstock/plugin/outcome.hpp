// What a handler says about its attempt: a value, not an exception.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <penstock/plugin/codec.hpp>
#include <penstock/plugin/time.hpp>

namespace penstock {
inline namespace PENSTOCK_ABI_NAMESPACE {

// A handler's typed result: owns the value and knows how to store it.
class PENSTOCK_API ResultValue {
 public:
  virtual ~ResultValue() = default;
  // Appends the stored form and names the value codec that wrote it (empty: raw bytes). False: values
  // of this type cannot be stored, and nothing was written.
  virtual Result<bool> encode(ValueCodec* codec, std::string& codec_name, std::string& out) const noexcept = 0;
  virtual void* address(const void* type_tag) noexcept = 0;  // the value, if it is of that type; else null
  virtual std::size_t octets() const noexcept = 0;           // of memory, about: bounds on kept results go by it
};

struct Outcome {
  enum class Verb : std::uint8_t {
    done,       // succeeded, perhaps with a result
    retry,      // failed; costs one of the retries, and is dead when none is left
    snooze,     // again after `delay`; costs nothing
    discard,    // ends as cancelled, with a reason
    fail,       // ends as dead at once, whatever retries are left
    timed_out,  // made by the runtime: retried like a failure
    cancelled,  // made by the runtime, or by middleware: ends as cancelled
  };
  Verb verb = Verb::done;
  std::string reason;           // for retry, discard, fail; kept up to 8 KiB
  std::optional<Millis> delay;  // retry: instead of the policy's backoff; snooze: required, but
                                // for want of a codec, when the worker chooses
  std::unique_ptr<ResultValue> result;
  bool hold_queue = false;  // retry, snooze: nothing else of the queue is claimed before `delay` has passed either
};

constexpr const char* name(Outcome::Verb verb) noexcept {
  switch (verb) {
    case Outcome::Verb::done:
      return "done";
    case Outcome::Verb::retry:
      return "retry";
    case Outcome::Verb::snooze:
      return "snooze";
    case Outcome::Verb::discard:
      return "discard";
    case Outcome::Verb::fail:
      return "fail";
    case Outcome::Verb::timed_out:
      return "timed_out";
    case Outcome::Verb::cancelled:
      return "cancelled";
  }
  return "unknown";
}

}  // namespace PENSTOCK_ABI_NAMESPACE
}  // namespace penstock
