// Whether a kind's retries are worth their cost: of the attempts of the last minute, how many failed.
//
// Pure: it takes `now`. Counts in ten spans of six seconds, so that what is old goes without a list.
#pragma once

#include <array>
#include <cstdint>

#include "execution/runnable.hpp"

namespace penstock::durable {

class RetryBudget {
 public:
  void add(bool failed, execution::Instant now) noexcept {
    Span& span = spans_[turn(now)];
    ++span.attempts;
    span.failures += failed;
  }
  // More than `share` of the attempts failed, of ten at the least. A share of 0 is no budget.
  bool spent(double share, execution::Instant now) noexcept {
    if (share <= 0) return false;
    (void)turn(now);
    std::uint64_t attempts = 0, failures = 0;
    for (const Span& span : spans_) attempts += span.attempts, failures += span.failures;
    return attempts >= kLeast && static_cast<double>(failures) > share * static_cast<double>(attempts);
  }

 private:
  static constexpr std::uint64_t kLeast = 10;
  static constexpr std::chrono::seconds kSpan{6};
  struct Span {
    std::uint64_t attempts = 0, failures = 0;
  };

  // The span of `now`; those between the last one and it are empty.
  std::size_t turn(execution::Instant now) noexcept {
    const std::int64_t number = now.time_since_epoch() / kSpan;
    if (number > last_ + std::int64_t{10}) last_ = number - 10;
    while (last_ < number) spans_[static_cast<std::size_t>(++last_ % 10)] = {};
    return static_cast<std::size_t>(last_ % 10);
  }

  std::array<Span, 10> spans_{};
  std::int64_t last_ = 0;
};

}  // namespace penstock::durable
