// One clock for several processes, moved by hand: it stands in memory they share.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include <penstock/clock.hpp>
#include <penstock/plugin/plugin.hpp>

namespace penstock::torture {

// A store that has looked at the clock answers at that very time, as far as the thread that asked it can
// see: else a move between the two would be taken for a store that took so long.
// Thread: any, of any process.
class SharedClock final : public Clock {
 public:
  explicit SharedClock(std::atomic<std::int64_t>& milliseconds) : moved_(milliseconds) {}
  Instant now() noexcept override {
    return Instant(std::chrono::hours(1) + std::exchange(answered_, {}).value_or(moved()));
  }
  Time wall() noexcept override { return Time(std::chrono::hours(500'000) + moved()); }
  Millis boot() noexcept override {
    answered_ = moved();
    return std::chrono::hours(1) + *answered_;
  }
  void advance(Millis by) { moved_ += by.count(); }
  Millis moved() const noexcept { return Millis(moved_.load()); }

 private:
  std::atomic<std::int64_t>& moved_;
  static inline thread_local std::optional<Millis> answered_;
};

// A host that keeps quiet, and lends that clock.
class ClockHost final : public Host {
 public:
  explicit ClockHost(SharedClock& clock) : clock_(clock) {}
  void log(Level, std::string_view) noexcept override {}
  void* query(std::string_view id) noexcept override {
    return id == TimeSource::kId ? static_cast<TimeSource*>(&clock_) : nullptr;
  }

 private:
  SharedClock& clock_;
};

}  // namespace penstock::torture
