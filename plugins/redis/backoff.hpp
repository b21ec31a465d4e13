// When to try again what has just failed.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace penstock::redis {

// The pause after the `failures`-th failure in a row, counted from 1: it doubles up to the cap, and half of it is
// left to chance, so that many processes do not come back at once. `random` is any number.
inline std::chrono::milliseconds pause_after(std::uint32_t failures, std::chrono::milliseconds first,
                                             std::chrono::milliseconds cap, std::uint64_t random) noexcept {
  const std::int64_t longest = std::max<std::int64_t>(cap.count(), 1);
  std::int64_t pause = std::clamp<std::int64_t>(first.count(), 1, longest);
  for (std::uint32_t i = 1; i < failures && pause < longest; ++i) pause = std::min(pause * 2, longest);
  return std::chrono::milliseconds(pause -
                                   static_cast<std::int64_t>(random % static_cast<std::uint64_t>(pause / 2 + 1)));
}

}  // namespace penstock::redis
