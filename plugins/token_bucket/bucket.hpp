// A token bucket: at most `burst` tokens at once, refilled at a steady rate. Pure data; `now` is given.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

namespace penstock::token_bucket {

// In any span of time t, no more than burst + rate * t tokens are taken (less those given back).
//
// Tokens are counted since the bucket was last full, not added up drop by drop: what is there is one
// expression of two numbers that are exact, so rounding never accumulates.
class Bucket {
 public:
  using Millis = std::chrono::milliseconds;

  // `per_second` above 0, `burst` 1 or more. Starts full.
  Bucket(double per_second, std::uint64_t burst, Millis now)
      : per_ms_(per_second / 1000), burst_(burst), full_at_(now), last_(now) {}

  // Takes up to `count` tokens; returns how many.
  std::uint32_t take(Millis now, std::uint32_t count) {
    double there = level(now);
    std::uint32_t taken = there < count ? static_cast<std::uint32_t>(there) : count;
    taken_ += taken;
    return taken;
  }

  // Gives tokens back. More than the bucket holds are lost.
  void refund(Millis now, std::uint32_t count) {
    level(now);
    taken_ -= std::min<std::uint64_t>(taken_, count);
  }

  // How long until one more whole token is there; at least 1 ms, and no more than a day is promised.
  Millis next_in(Millis now) {
    double missing = 1 - level(now);
    double wait = std::ceil(missing / per_ms_);
    return Millis(static_cast<std::int64_t>(std::clamp(wait, 1.0, 86'400'000.0)));
  }

  // The tokens there at `now`; a clock that steps back stands still.
  double level(Millis now) {
    last_ = std::max(last_, now);
    double refilled = per_ms_ * static_cast<double>((last_ - full_at_).count());
    if (refilled >= static_cast<double>(taken_)) {
      full_at_ = last_;
      taken_ = 0;
      return static_cast<double>(burst_);
    }
    return static_cast<double>(burst_) - (static_cast<double>(taken_) - refilled);
  }

 private:
  double per_ms_;
  std::uint64_t burst_;
  Millis full_at_, last_;    // when it was last known to be full; the latest time seen
  std::uint64_t taken_ = 0;  // since it was full
};

}  // namespace penstock::token_bucket
