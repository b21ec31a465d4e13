#include "config/units.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

#include "config/text.hpp"

namespace penstock::config {
namespace {

using Unit = std::pair<std::string_view, std::int64_t>;
constexpr std::array<Unit, 5> kTimes{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 4> kSizes{{{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}}};

template <std::size_t N>
Result<std::int64_t> parse(std::string_view text, const std::array<Unit, N>& units, const char* expected) {
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error == std::errc{} && number >= 0) {
    for (const auto& [name, factor] : units) {
      if (rest != name) continue;
      std::int64_t value = 0;
      if (!__builtin_mul_overflow(number, factor, &value)) return value;
    }
  }
  return Error{Errc::invalid, std::string("expected ") + expected + ", got " + quoted(text)};
}

template <std::size_t N>
std::string format(std::int64_t value, const std::array<Unit, N>& units) {
  for (std::size_t i = N; i-- > 0;) {
    const auto& [name, factor] = units[i];
    if (value >= factor && value % factor == 0) return std::to_string(value / factor) + std::string(name);
  }
  return std::to_string(value) + std::string(units[0].first);
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  auto value = parse(text, kTimes, "a duration with a unit, such as \"250ms\", \"10s\", \"5m\", \"24h\" or \"7d\"");
  if (!value) return value.error();
  return std::chrono::milliseconds(*value);
}

Result<std::int64_t> parse_size(std::string_view text) {
  return parse(text, kSizes, "a size with a unit, such as \"512B\", \"64KiB\", \"16MiB\" or \"1GiB\"");
}

Result<double> parse_rate(std::string_view text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view per(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error == std::errc{} && number >= 0 && number < 1e12) {
    if (per == "/s") return number;
    if (per == "/m") return number / 60;
    if (per == "/h") return number / 3600;
  }
  return Error{Errc::invalid, "expected a rate, such as \"500/s\", \"30/m\" or \"10/h\", got " + quoted(text)};
}

std::string format_duration(std::chrono::milliseconds value) { return format(value.count(), kTimes); }
std::string format_size(std::int64_t octets) { return format(octets, kSizes); }

std::string format_rate(double per_second) {
  std::string best;
  std::array<char, 32> text{};
  for (const auto& [factor, per] : {std::pair(1, "/s"), std::pair(60, "/m"), std::pair(3600, "/h")}) {
    std::snprintf(text.data(), text.size(), "%.12g", per_second * factor);
    const std::string form = std::string(text.data()) + per;
    const auto read = parse_rate(form);
    if (read && *read == per_second && (best.empty() || form.size() < best.size())) best = form;
  }
  if (!best.empty()) return best;
  return std::string(text.data(), std::to_chars(text.data(), text.data() + text.size(), per_second).ptr) + "/s";
}

}  // namespace penstock::config
