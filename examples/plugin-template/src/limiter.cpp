// A limiter that lets so many tasks start in every second, in the whole process.
//
// The contract is in <penstock/plugin/limiter.hpp>: keys it has no rule for are not limited, what is given back can
// be had again, and a short grant says when to ask again.
#include <algorithm>
#include <chrono>
#include <mutex>
#include <time.h>

#include <penstock/plugin/limiter.hpp>
#include <penstock/plugin/plugin.hpp>

namespace {

using namespace penstock;

constexpr Setting kSettings[] = {
    {.key = "starts",
     .kind = Kind::integer,
     .fallback = "100",
     .doc = "Tasks that may start in a second.",
     .min = 1,
     .max = 1'000'000},
};

class StartsPerSecond final : public Limiter {
 public:
  StartsPerSecond(TimeSource* time, std::uint32_t starts) : time_(time), starts_(starts), left_(starts) {}

  static Result<std::unique_ptr<Limiter>> open(Host& host, const Settings& settings) {
    auto* time = static_cast<TimeSource*>(host.query(TimeSource::kId));  // the host's clock, if it lends one
    const auto starts = static_cast<std::uint32_t>(settings.integer("starts"));
    return std::unique_ptr<Limiter>(std::make_unique<StartsPerSecond>(time, starts));
  }

  Result<Grant> acquire(std::string_view key, std::uint32_t count) noexcept override {
    if (key != "process") return Grant{count, {}};
    const std::scoped_lock lock(mutex_);
    const Millis at = now();
    if (at - second_ >= kSecond) second_ = at, left_ = starts_;
    const std::uint32_t granted = std::min(count, left_);
    left_ -= granted;
    return Grant{granted, granted < count ? kSecond - (at - second_) : Millis(0)};
  }

  void refund(std::string_view key, std::uint32_t count) noexcept override {
    if (key != "process") return;
    const std::scoped_lock lock(mutex_);
    left_ = std::min(starts_, left_ + std::min(count, starts_));
  }

 private:
  static constexpr Millis kSecond{1000};

  Millis now() const {
    if (time_) return time_->boot();
    timespec t{};
    clock_gettime(CLOCK_BOOTTIME, &t);
    return Millis(t.tv_sec * 1000 + t.tv_nsec / 1'000'000);
  }

  TimeSource* time_;
  const std::uint32_t starts_;
  std::mutex mutex_;
  Millis second_{};  // when the running second began
  std::uint32_t left_;
};

}  // namespace

PENSTOCK_PLUGIN(acme, "0.1.0", "MIT",
                component<Limiter, StartsPerSecond>("acme", "So many task starts a second, in this process.",
                                                    kSettings));
