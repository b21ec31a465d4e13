// The seam of rate limiters: may this many tasks start now?
#pragma once

#include <cstdint>
#include <string_view>

#include <penstock/plugin/interface.hpp>
#include <penstock/plugin/result.hpp>
#include <penstock/plugin/time.hpp>

namespace penstock {
inline namespace PENSTOCK_ABI_NAMESPACE {

struct Grant {
  std::uint32_t granted = 0;  // how many of those asked for may start; the tokens are taken
  Millis retry_in{};          // when granted is short: not before this is another token there
};

// Keys name what is limited: "process" the whole process, "queue:NAME" a queue, in-memory ones too,
// "handler:KIND" a handler of durable tasks. A key the limiter has no rule for is unlimited.
//
// Just before a task starts the core asks for one token of each of its keys, in this order. When one
// is short it gives back those it got, and asks again when `retry_in` has passed; meanwhile the other
// queues go on. It gives back too when the task is gone by then, so nothing is spent on what does not
// start, and an idle process holds no tokens. Every start costs, those of retries too. A handler that is
// short holds up the queue in which its task is next: a limited handler wants a queue of its own.
//
// A limiter that answers an error lets nothing start: the core logs it, and asks again soon.
// Thread: any, many at once. A limiter may do I/O; the core holds no lock while it calls.
class PENSTOCK_API Limiter : public Interface {
 public:
  static constexpr const char* kKind = "limiter";
  virtual Result<Grant> acquire(std::string_view key, std::uint32_t count) noexcept = 0;
  virtual void refund(std::string_view key, std::uint32_t count) noexcept = 0;
};

}  // namespace PENSTOCK_ABI_NAMESPACE
}  // namespace penstock
