// Time arithmetic that ends at "never" instead of running over.
#pragma once

#include <chrono>

#include <penstock/plugin/time.hpp>

namespace penstock::base {

using Instant = std::chrono::steady_clock::time_point;

// `at + delay`; Instant::max() for delays beyond any program's life, which may come from a record.
inline Instant later(Instant at, Millis delay) noexcept {
  constexpr Millis kNever = std::chrono::hours(24 * 365 * 100);
  return delay >= kNever ? Instant::max() : at + delay;
}

}  // namespace penstock::base
