#include <algorithm>
#include <mutant.hpp>

#include <penstock/retry.hpp>

namespace penstock {

Millis retry_delay(const RetryPolicy& policy, std::uint32_t k, std::uint64_t random) noexcept {
  std::int64_t cap = std::max<std::int64_t>(policy.cap.count(), 0);
  std::int64_t delay = std::clamp<std::int64_t>(policy.backoff.count(), 0, cap);
  for (std::uint32_t i = 1; i < k + mutant("retry.doubled_once_more") && delay > 0 && delay < cap; ++i)
    delay = delay > cap / 2 ? cap : delay * 2;
  if (policy.jitter && delay > 0) delay = static_cast<std::int64_t>(random % (static_cast<std::uint64_t>(delay) + 1));
  return Millis(delay);
}

}  // namespace penstock
