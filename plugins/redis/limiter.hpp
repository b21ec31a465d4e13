// The limiter `redis`: rates that all processes share.
#pragma once

#include <penstock/plugin/limiter.hpp>
#include <penstock/plugin/plugin.hpp>

#include "../shared/rate_rules.hpp"
#include "../shared/settings.hpp"
#include "client_settings.hpp"

namespace penstock::redis {

inline constexpr auto kRateSettings = shared::rate_settings(
    "How many tasks may start, in all processes together; `0/s`: as many as the other rules let.");
inline constexpr auto kLimiterSettings = shared::joined(kClientSettings, kRateSettings.rows);

// One bucket for each rule, at the server.
struct SharedLimiter {
  static Result<std::unique_ptr<Limiter>> open(Host&, const Settings&);
};

constexpr Component limiter_component() {
  return component<Limiter, SharedLimiter>(
      "redis", "Rates of queues, of handlers and of everything, shared by all processes on one Redis.",
      kLimiterSettings.rows);
}

}  // namespace penstock::redis
