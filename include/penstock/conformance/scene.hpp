// A host for one plugin under check, and clocks that stand still until they are told otherwise: with them
// a promise about an hour is checked in no time.
//
//   penstock::conformance::ManualTime time;
//   penstock::conformance::QuietHost host(&time);
//   harness.open = [&] { return open_my_store(host); };
//   harness.advance = [&](penstock::Millis by) { time.advance(by); };
//   harness.jump_wall = [&](penstock::Millis by) { time.jump_wall(by); };
//   harness.wall = [&] { return time.wall(); };
#pragma once

#include <atomic>
#include <string_view>

#include <penstock/plugin/plugin.hpp>
#include <penstock/plugin/time.hpp>

namespace penstock::conformance {

// A wall clock and a boot clock. Thread: any.
class ManualTime final : public TimeSource {
 public:
  Time wall() noexcept override { return Time(Millis(wall_.load())); }
  Millis boot() noexcept override { return Millis(boot_.load()); }
  void advance(Millis by) { wall_ += by.count(), boot_ += by.count(); }  // both clocks
  void jump_wall(Millis by) { wall_ += by.count(); }                     // what an operator's `date` does

 private:
  std::atomic<std::int64_t> wall_{1'700'000'000'000}, boot_{1'000'000};
};

// Drops what plugins log. Lends `time`; with null they read the operating system's clocks.
class QuietHost final : public Host {
 public:
  explicit QuietHost(ManualTime* time = nullptr) : time_(time) {}
  void log(Level, std::string_view) noexcept override {}
  void* query(std::string_view id) noexcept override {
    if (!time_ || id != TimeSource::kId) return nullptr;
    time_lent_ = true;
    return static_cast<TimeSource*>(time_);
  }
  bool time_lent() const noexcept { return time_lent_; }  // whether a plugin asked for it

 private:
  ManualTime* time_;
  std::atomic<bool> time_lent_{false};
};

}  // namespace penstock::conformance
