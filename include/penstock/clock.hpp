// The one source of time. Production code gives none and gets the operating system's clocks; tests
// give one that they move by hand, and everything, backends included, lives by it.
#pragma once

#include <chrono>

#include <penstock/plugin/time.hpp>

namespace penstock {

// Thread: any. `now` never goes back and decides timeouts, delays and lease ends in this process;
// `wall` may jump and decides only when a task with a date is due.
class PENSTOCK_API Clock : public TimeSource {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  virtual Instant now() noexcept = 0;
  virtual ~Clock();
};

// The operating system's clocks: CLOCK_MONOTONIC, CLOCK_REALTIME and CLOCK_BOOTTIME.
PENSTOCK_API Clock& system_clock() noexcept;

}  // namespace penstock
