// Text forms of durations, sizes and rates, as they stand in config files and settings tables.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <penstock/plugin/result.hpp>

namespace penstock::config {

// "250ms", "10s", "5m", "24h", "7d": a whole number and one unit. A bare number is refused.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// "512B", "64KiB", "16MiB", "1GiB": octets.
Result<std::int64_t> parse_size(std::string_view text);

// "500/s", "30/m", "10/h": events per second. The number may have a fraction.
Result<double> parse_rate(std::string_view text);

// The shortest of the forms above that says the same.
std::string format_duration(std::chrono::milliseconds value);
std::string format_size(std::int64_t octets);
std::string format_rate(double per_second);

}  // namespace penstock::config
