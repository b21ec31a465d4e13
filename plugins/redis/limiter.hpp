// The limiter `redis`: rates that all processes share.
#pragma once

#include <penstock/plugin/limiter.hpp>
#include <penstock/plugin/plugin.hpp>

#include "../shared/rate_rules.hpp"
#include "../shared/settings.hpp"
#include "client_settings.hpp"

namespace penstock::redis {

inline constexpr Setting kRateSettings[] = {
    {.key = "rate",
     .kind = Kind::rate,
     .fallback = "0/s",
     .doc = "How many tasks may start, in all processes together; `0/s`: as many as the other rules let.",
     .min = 0},
    {.key = "burst",
     .kind = Kind::integer,
     .fallback = "0",
     .doc = "How many may start at once after a pause, under `rate`; 0: as many as in one second, at least 1.",
     .min = 0,
     .max = shared::kMostBurst},
    {.key = "queues",
     .kind = Kind::list,
     .fallback = "",
     .doc = "Rates of single queues, each `\"NAME=RATE\"` or `\"NAME=RATE burst N\"`."},
    {.key = "handlers", .kind = Kind::list, .fallback = "", .doc = "Rates of single kinds, written in the same way."},
};
inline constexpr auto kLimiterSettings = shared::joined(kClientSettings, kRateSettings);

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
