// Numbers that a component keeps about itself, for whoever asks the manager for metrics.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <penstock/plugin/interface.hpp>
#include <penstock/plugin/result.hpp>

namespace penstock {
inline namespace PENSTOCK_ABI_NAMESPACE {

// Times in buckets that double: bucket i counts values below 2^i microseconds (the last: all others).
struct Histogram {
  static constexpr std::size_t kBuckets = 32;
  std::array<std::uint64_t, kBuckets> buckets{};
  std::uint64_t count = 0;
  std::chrono::nanoseconds total{}, max{};  // total: 292 years at the most

  void add(std::chrono::nanoseconds value) noexcept {
    using Nanos = std::chrono::nanoseconds;
    value = std::max(value, Nanos(0));
    auto micros = static_cast<std::uint64_t>(value.count()) / 1000;
    ++buckets[std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(micros)), kBuckets - 1)];
    ++count;
    total += std::min(value, Nanos::max() - total);
    max = std::max(max, value);
  }
};

// What became of the calls of one method since the component was created.
struct CallStats {
  std::string call;                                    // the method: "exchange"
  Histogram latency;                                   // every call, failed ones too
  std::vector<std::pair<Errc, std::uint64_t>> errors;  // those that returned an Error, by its code; none is 0
};

// Capability of any component: it counts its calls. A wrapper that counts puts its own stats before those
// of the component inside.
struct PENSTOCK_API Meter {
  static constexpr std::string_view kId = "penstock.meter/1";
  // A snapshot of each method called so far. Thread: any.
  virtual Result<std::vector<CallStats>> calls() noexcept = 0;

 protected:
  ~Meter() = default;
};

}  // namespace PENSTOCK_ABI_NAMESPACE
}  // namespace penstock
