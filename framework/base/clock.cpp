#include <time.h>

#include <penstock/clock.hpp>

namespace penstock {

Clock::~Clock() = default;

namespace {

class SystemClock final : public Clock {
 public:
  Instant now() noexcept override { return std::chrono::steady_clock::now(); }
  Time wall() noexcept override { return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()); }
  Millis boot() noexcept override {
    timespec t{};
    clock_gettime(CLOCK_BOOTTIME, &t);
    return Millis(std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000);
  }
};

}  // namespace

Clock& system_clock() noexcept {
  static SystemClock clock;  // no state, trivially destroyed in effect
  return clock;
}

}  // namespace penstock
