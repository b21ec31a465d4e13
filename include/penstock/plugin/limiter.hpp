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

// Keys name what is limited: "" is the whole process, "queue:NAME" a queue, "handler:KIND" a handler.
// A key the limiter has no rule for is unlimited. The core asks just before tasks start and gives
// back what it did not use, so an idle process holds no tokens.
// Thread: any, many at once. A limiter may do I/O; the core holds no lock while it calls.
class PENSTOCK_API Limiter : public Interface {
 public:
  static constexpr const char* kKind = "limiter";
  virtual Result<Grant> acquire(std::string_view key, std::uint32_t count) noexcept = 0;
  virtual void refund(std::string_view key, std::uint32_t count) noexcept = 0;
};

}  // namespace PENSTOCK_ABI_NAMESPACE
}  // namespace penstock
