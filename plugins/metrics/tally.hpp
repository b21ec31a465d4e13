// What the calls of one method have come to.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include <penstock/plugin/meter.hpp>

namespace penstock::metrics {

// Thread: any.
class Tally {
 public:
  void add(std::chrono::nanoseconds took, std::optional<Errc> error) {
    std::lock_guard lock(mutex_);
    latency_.add(took);
    // A code that nobody knows counts as an internal error.
    if (error) ++errors_[std::min(static_cast<std::size_t>(*error), kCodes - 1)];
  }

  // Nothing when there was no call.
  std::optional<CallStats> stats(std::string_view call) const {
    std::lock_guard lock(mutex_);
    if (latency_.count == 0) return std::nullopt;
    CallStats out{std::string(call), latency_, {}};
    for (std::size_t code = 0; code < kCodes; ++code) {
      if (errors_[code] > 0) out.errors.emplace_back(static_cast<Errc>(code), errors_[code]);
    }
    return out;
  }

 private:
  static constexpr std::size_t kCodes = static_cast<std::size_t>(Errc::internal) + 1;

  mutable std::mutex mutex_;
  Histogram latency_;
  std::array<std::uint64_t, kCodes> errors_{};
};

}  // namespace penstock::metrics
