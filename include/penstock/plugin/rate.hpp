// The arithmetic of a token bucket that is kept as one number: the time at which it will be full again.
//
// A token comes every `interval`; taking one puts the time of being full off by an interval (the
// generic cell rate algorithm, ITU-T I.371). A bucket that nobody uses is full by itself, and needs no
// upkeep. All times are nanoseconds of one clock that never jumps. Nothing here overflows.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <penstock/plugin/abi.hpp>

namespace penstock {
inline namespace PENSTOCK_ABI_NAMESPACE {

class TokenRate {
 public:
  // Requires: per_second > 0, burst >= 1. Slower than a token in 115 days is rounded to that.
  TokenRate(double per_second, std::uint32_t burst) noexcept
      : interval_(static_cast<std::int64_t>(std::clamp(std::ceil(1e9 / per_second), 1.0, 1e16))),
        depth_(burst > kLongest / interval_ ? kLongest : burst * interval_) {}

  std::int64_t interval() const noexcept { return interval_; }

  // Tokens there now.
  std::uint64_t tokens(std::int64_t full_at, std::int64_t now) const noexcept {
    const std::int64_t missing = std::max<std::int64_t>(0, full_at - now);
    return missing >= depth_ ? 0 : static_cast<std::uint64_t>((depth_ - missing) / interval_);
  }
  // The most that there can be: the burst, or fewer, where those would be years apart.
  std::uint64_t most() const noexcept { return static_cast<std::uint64_t>(depth_ / interval_); }
  // When the first of them is there, or so many; in the past if they are now. Requires: 1 to most().
  std::int64_t token_at(std::int64_t full_at, std::uint64_t tokens = 1) const noexcept {
    return full_at - (depth_ - static_cast<std::int64_t>(tokens) * interval_);
  }

  // `full_at` after one token was taken, and after it was given back.
  std::int64_t take(std::int64_t full_at, std::int64_t now) const noexcept {
    return std::max(full_at, now) + interval_;
  }
  std::int64_t refund(std::int64_t full_at) const noexcept { return full_at - interval_; }
  // `full_at` of an empty bucket, and of one that another rate is to go on with.
  std::int64_t empty(std::int64_t now) const noexcept { return now + depth_; }
  std::int64_t adopt(std::int64_t full_at, std::int64_t now) const noexcept { return std::min(full_at, empty(now)); }

 private:
  static constexpr std::int64_t kLongest = std::int64_t{1} << 62;
  std::int64_t interval_, depth_;
};

}  // namespace PENSTOCK_ABI_NAMESPACE
}  // namespace penstock
