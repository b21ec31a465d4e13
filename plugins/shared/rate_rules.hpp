// The rules of limiters as they stand in the config: which key has which rate.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/plugin/result.hpp>
#include <penstock/plugin/settings.hpp>

#include "settings.hpp"

namespace penstock::shared {

inline constexpr std::uint32_t kMostBurst = 1'000'000'000;

// What every limiter of rates is set by. `of_rate`: what the rate itself is about.
constexpr SettingTable<4> rate_settings(const char* of_rate) {
  return {{{.key = "rate", .kind = Kind::rate, .fallback = "0/s", .doc = of_rate, .min = 0},
           {.key = "burst",
            .kind = Kind::integer,
            .fallback = "0",
            .doc = "How many may start at once after a pause, under `rate`; 0: as many as in one second, at least 1.",
            .min = 0,
            .max = kMostBurst},
           {.key = "queues",
            .kind = Kind::list,
            .fallback = "",
            .doc = "Rates of single queues, each `\"NAME=RATE\"` or `\"NAME=RATE burst N\"`."},
           {.key = "handlers",
            .kind = Kind::list,
            .fallback = "",
            .doc = "Rates of single kinds, written in the same way."}}};
}

struct Rule {
  double per_second = 0;
  std::uint32_t burst = 0;  // 0, as written: one second's worth
};
using Rules = std::map<std::string, Rule, std::less<>>;

// "500/s", "30/m", "10/h", each perhaps followed by " burst N": events per second, above 0.
Result<Rule> parse_rule(std::string_view text);

// Adds each "NAME=RULE" of `list` under prefix + NAME. Errors start with the setting, and name the entry.
Result<void> add_rules(std::string_view setting, const std::vector<std::string>& list, std::string_view prefix,
                       Rules& rules);

// What the settings `rate`, `burst` ("process"), `queues` and `handlers` say, each with its burst; at least one rule.
Result<Rules> read_rules(const Settings&);

}  // namespace penstock::shared
