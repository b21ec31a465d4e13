// The rules of the config: which key has which rate.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/plugin/result.hpp>

namespace penstock::token_bucket {

// "500/s", "30/m", "10/h" as events per second; above 0.
Result<double> parse_rate(std::string_view text);

// Adds each "NAME=RATE" of `list` under prefix + NAME. Errors name the setting and the entry.
Result<void> add_rules(std::string_view setting, const std::vector<std::string>& list, std::string_view prefix,
                       std::map<std::string, double, std::less<>>& rules);

}  // namespace penstock::token_bucket
