// The rules of the config: which key has which rate.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/plugin/result.hpp>

namespace penstock::token_bucket {

inline constexpr std::uint64_t kMostBurst = 1'000'000'000;

struct Rule {
  double per_second = 0;
  std::uint64_t burst = 0;  // 0: one second's worth
};
using Rules = std::map<std::string, Rule, std::less<>>;

// "500/s", "30/m", "10/h", each perhaps followed by " burst N": events per second, above 0.
Result<Rule> parse_rule(std::string_view text);

// Adds each "NAME=RULE" of `list` under prefix + NAME. Errors start with the setting, and name the entry.
Result<void> add_rules(std::string_view setting, const std::vector<std::string>& list, std::string_view prefix,
                       Rules& rules);

}  // namespace penstock::token_bucket
