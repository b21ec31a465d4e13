// When a failed task runs again.
#pragma once

#include <cstdint>

#include <penstock/plugin/time.hpp>

namespace penstock {

// Executions on failure = retries + 1. The k-th retry waits min(backoff * 2^(k-1), cap), and with
// jitter a uniformly random part of that ("full jitter": a thousand tasks that failed together do not
// come back together).
struct RetryPolicy {
  std::uint32_t retries = 3;
  Millis backoff{1000};
  Millis cap{60'000};
  bool jitter = true;
};

// The delay before retry number `k` (1 and up), given 64 random bits. Never negative, never above cap.
Millis retry_delay(const RetryPolicy& policy, std::uint32_t k, std::uint64_t random) noexcept;

}  // namespace penstock
