#include "rules.hpp"

#include <charconv>

#include <penstock/plugin/names.hpp>

namespace penstock::token_bucket {

Result<double> parse_rate(std::string_view text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view per(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error == std::errc{} && number > 0 && number < 1e12) {
    if (per == "/s") return number;
    if (per == "/m") return number / 60;
    if (per == "/h") return number / 3600;
  }
  return Error{Errc::invalid,
               "expected a rate above 0, such as \"500/s\", \"30/m\" or \"10/h\", got \"" + std::string(text) + "\""};
}

Result<void> add_rules(std::string_view setting, const std::vector<std::string>& list, std::string_view prefix,
                       std::map<std::string, double, std::less<>>& rules) {
  for (std::string_view entry : list) {
    auto wrong = [&](const std::string& why) {
      return Error{Errc::invalid, std::string(setting) + ": \"" + std::string(entry) + "\": " + why};
    };
    std::size_t equals = entry.find('=');
    if (equals == entry.npos) return wrong("expected \"NAME=RATE\", such as \"mail=30/m\"");
    std::string_view name = entry.substr(0, equals);
    if (!valid_name(name)) return wrong("the name must be 1 to 128 of A-Z a-z 0-9 . _ -");
    Result<double> rate = parse_rate(entry.substr(equals + 1));
    if (!rate) return wrong(rate.error().message);
    if (!rules.emplace(std::string(prefix) + std::string(name), *rate).second) return wrong("the name stands twice");
  }
  return {};
}

}  // namespace penstock::token_bucket
