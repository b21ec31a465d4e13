// How often which fault strikes: the same for every call, or one call's own.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/plugin/result.hpp>
#include <penstock/plugin/wrapper.hpp>

namespace penstock::fault {

// Shares of the calls, each from 0 to 1.
struct Rates {
  double error = 0;    // fails, and does not reach the backend
  double unknown = 0;  // reaches the backend, and is answered unknown_outcome all the same
  double delayed = 0;  // waits before it goes on
};
using RatesByCall = std::array<Rates, kCalls>;

// "enqueue=error 0.1 unknown 0.02": rates of a call of its own; those not named are 0. Sets them in `rates`.
// Errors start with "calls: ", and name the entry and what is wrong with it.
Result<void> add_calls(const std::vector<std::string>& entries, RatesByCall& rates);

}  // namespace penstock::fault
