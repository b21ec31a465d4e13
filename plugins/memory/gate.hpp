// A gate: what it lets through, and who waits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <penstock/plugin/backend.hpp>
#include <penstock/plugin/rate.hpp>

#include "line.hpp"
#include "pool.hpp"

namespace penstock::memory {

inline constexpr std::uint64_t kNoLimit = UINT64_MAX;

// What was set for one name, of a gate or of a class.
struct GateSetting {
  std::optional<Limit> declared, by_operator;
  Millis held_until{};  // boot time; Millis::max(): for ever
  const Limit* limit() const noexcept { return by_operator ? &*by_operator : declared ? &*declared : nullptr; }
};

struct Gate {
  std::string_view name;
  std::uint64_t users = 0;     // flows that pass it
  std::uint64_t leased = 0;    // slots taken
  std::uint64_t admitted = 0;  // flows in the open line that pass it with a ticket
  std::int64_t full_at = 0;    // of its token bucket; see TokenRate
  Line line;                   // those that wait for it
  std::uint64_t opened = 0;    // while they do: it has had room since then; 0: it has none
  // What holds for it now; copied from the settings whenever they change.
  Limit limit;
  Millis held_until{};
  std::optional<Millis> due;  // when to look at it again

  static std::int64_t nanos(const Now& now) noexcept { return now.boot.count() * 1'000'000; }
  bool timed() const noexcept { return limit.per_second > 0; }
  bool limited() const noexcept { return timed() || limit.running >= 0; }
  TokenRate rate() const noexcept { return {limit.per_second, limit.burst}; }

  bool held(const Now& now) const noexcept { return held_until > now.boot; }
  std::uint64_t slots() const noexcept { return slots_of(limit.running); }
  std::uint64_t slots_ahead() const noexcept { return slots_of(limit.running < 0 ? limit.running : limit.running / 2); }
  std::uint64_t tokens(const Now& now) const noexcept {
    return timed() ? rate().tokens(full_at, nanos(now)) : kNoLimit;
  }
  std::uint64_t room(const Now& now) const noexcept { return held(now) ? 0 : std::min(slots(), tokens(now)); }
  bool full(const Now& now) const noexcept { return full_at <= nanos(now); }  // for a limit to come, too

  // When time alone will have made room for so many tasks; absent: never.
  std::optional<Millis> opens(const Now& now, std::uint64_t tasks = 1) const noexcept;

  void take(const Now& now) noexcept {
    ++leased;
    if (timed()) full_at = rate().take(full_at, nanos(now));
  }
  void refund() noexcept {
    if (timed()) full_at = rate().refund(full_at);
  }

 private:
  std::uint64_t slots_of(std::int64_t running) const noexcept {
    if (running < 0) return kNoLimit;
    const auto most = static_cast<std::uint64_t>(running);
    return most > leased ? most - leased : 0;
  }
};

inline std::optional<Millis> Gate::opens(const Now& now, std::uint64_t tasks) const noexcept {
  if (slots() < tasks || held_until == Millis::max() || (timed() && tasks > rate().most())) return std::nullopt;
  Millis at = held_until;
  if (timed()) {
    const std::int64_t token = rate().token_at(full_at, tasks);
    at = std::max(at, Millis(token <= 0 ? 0 : (token + 999'999) / 1'000'000));
  }
  return std::max(at, now.boot);
}

}  // namespace penstock::memory
