// One bucket: its rate, and the one number that says how full it is. Pure data; `now` is given.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include <penstock/plugin/rate.hpp>

namespace penstock::token_bucket {

// In any span of time t, no more than burst + rate * t tokens are taken (less those given back).
class Bucket {
 public:
  using Nanos = std::chrono::nanoseconds;  // of a clock that never jumps

  // `per_second` above 0, `burst` 1 or more. Starts full.
  Bucket(double per_second, std::uint32_t burst, Nanos now) : rate_(per_second, burst), full_at_(now.count()) {}

  // Takes up to `count` tokens; returns how many.
  std::uint32_t take(Nanos now, std::uint32_t count) {
    const auto taken = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, rate_.tokens(full_at_, now.count())));
    if (taken > 0) full_at_ = rate_.take(full_at_, now.count()) + (taken - 1) * rate_.interval();
    return taken;
  }

  // Gives tokens back. More than the bucket holds are lost.
  void refund(Nanos now, std::uint32_t count) {
    const std::int64_t missing = full_at_ - now.count();
    if (missing > 0) full_at_ -= std::min<std::int64_t>(count, missing / rate_.interval() + 1) * rate_.interval();
  }

  // How long until a token is there, in whole milliseconds; at least 1.
  std::chrono::milliseconds next_in(Nanos now) const {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(Nanos(rate_.token_at(full_at_)) - now),
                    std::chrono::milliseconds(1));
  }

 private:
  TokenRate rate_;
  std::int64_t full_at_;
};

}  // namespace penstock::token_bucket
