// The store's two clocks: the host's when it lends them, else the operating system's.
#pragma once

#include <time.h>

#include <cstdint>

#include <penstock/plugin/plugin.hpp>
#include <penstock/plugin/time.hpp>

namespace penstock::sqlite {

// Thread: any.
class Clock {
 public:
  explicit Clock(Host& host) : lent_(static_cast<TimeSource*>(host.query(TimeSource::kId))) {}
  std::int64_t wall() const noexcept { return lent_ ? lent_->wall().time_since_epoch().count() : read(CLOCK_REALTIME); }
  std::int64_t boot() const noexcept { return lent_ ? lent_->boot().count() : read(CLOCK_BOOTTIME); }

 private:
  static std::int64_t read(clockid_t clock) noexcept {
    timespec t{};
    clock_gettime(clock, &t);
    return std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000;
  }
  TimeSource* lent_;
};

// `at` + `by` without overflow: what lies beyond the end of time is the end of time.
inline std::int64_t later(std::int64_t at, std::int64_t by) noexcept {
  std::int64_t sum = 0;
  return __builtin_add_overflow(at, by, &sum) ? (by > 0 ? INT64_MAX : INT64_MIN) : sum;
}

}  // namespace penstock::sqlite
