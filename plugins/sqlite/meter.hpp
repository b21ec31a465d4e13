// What a gate lets through: its limit, its bucket of tokens, and whether it is held.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include <penstock/plugin/backend.hpp>
#include <penstock/plugin/rate.hpp>

#include "clock.hpp"

namespace penstock::sqlite {

inline constexpr std::int64_t kNoLimit = INT64_MAX;

// Times are of the boot clock: `held` in milliseconds, `full_at` in nanoseconds (TokenRate).
struct Meter {
  Limit limit;
  std::int64_t held = 0;  // until then; INT64_MAX: until it is opened
  std::int64_t full_at = 0;
  static constexpr std::int64_t kEmpty = INT64_MAX;  // full_at of a bucket that is empty, whatever its rate

  bool timed() const noexcept { return limit.per_second > 0; }
  TokenRate rate() const noexcept { return {limit.per_second, limit.burst}; }
  bool is_held(const Clock& clock) const noexcept { return held > 0 && held > clock.boot(); }
  // Not even for lapsed tasks.
  bool shut(const Clock& clock) const noexcept { return limit.running == 0 || is_held(clock); }

  // How many tasks more may be leased, when so many are.
  std::int64_t slots(std::int64_t leased) const noexcept { return left(limit.running, leased); }
  std::int64_t slots_ahead(std::int64_t leased) const noexcept {
    return left(limit.running < 0 ? limit.running : limit.running / 2, leased);
  }
  std::int64_t room(std::int64_t leased, const Clock& clock) const noexcept {
    if (is_held(clock)) return 0;
    if (!timed()) return slots(leased);
    const auto tokens = rate().tokens(full_at, nanos(clock.boot()));
    return std::min(slots(leased), static_cast<std::int64_t>(std::min<std::uint64_t>(tokens, kNoLimit)));
  }
  // When time alone will have made room for `most` tasks; absent: never. Milliseconds; may be past.
  std::optional<std::int64_t> opens(std::int64_t leased, std::int64_t most = 1) const noexcept {
    if (slots(leased) < most || held == INT64_MAX) return {};
    if (!timed()) return held;
    const std::int64_t interval = rate().interval(), depth = rate().empty(0);
    if (most > depth / interval) return {};
    return std::max(held, millis(full_at - (depth - most * interval)));
  }

  void take(std::int64_t tokens, const Clock& clock) noexcept {
    if (!timed()) return;
    const TokenRate r = rate();
    const std::int64_t now = nanos(clock.boot());
    for (; tokens > 0; --tokens) full_at = r.take(full_at, now);
  }
  void refund() noexcept {
    if (timed()) full_at = rate().refund(full_at);
  }
  // After another limit was set, or the boot clock has changed.
  void adopt(const Clock& clock) noexcept {
    if (timed() && full_at > 0) full_at = rate().adopt(full_at, nanos(clock.boot()));
    if (!timed() && full_at == kEmpty) full_at = 0;
  }

  static std::int64_t nanos(std::int64_t millis) noexcept {
    return millis > INT64_MAX / 1'000'000 ? INT64_MAX : millis * 1'000'000;
  }
  static std::int64_t millis(std::int64_t nanos) noexcept {  // rounded up
    return nanos <= 0 ? 0 : (nanos - 1) / 1'000'000 + 1;
  }

 private:
  static std::int64_t left(std::int64_t running, std::int64_t leased) noexcept {
    return running < 0 ? kNoLimit : std::max<std::int64_t>(0, running - leased);
  }
};

}  // namespace penstock::sqlite
