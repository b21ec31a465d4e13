#include "rate_rules.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <penstock/plugin/names.hpp>

namespace penstock::shared {
namespace {

constexpr std::string_view kBurst = " burst ";

// The whole of `text` as a number; false when it is none.
template <class T>
bool number(std::string_view text, T& value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

std::uint32_t one_second_of(double rate) {
  return static_cast<std::uint32_t>(std::clamp(std::ceil(rate), 1.0, double(kMostBurst)));
}

}  // namespace

Result<Rule> parse_rule(std::string_view text) {
  auto wrong = [text](const char* expected) {
    return Error{Errc::invalid, std::string("expected ") + expected + ", got \"" + std::string(text) + "\""};
  };
  constexpr const char* kRate = "a rate above 0, such as \"500/s\", \"30/m\" or \"10/h\"";
  Rule out;
  std::string_view rate = text.substr(0, text.find(kBurst));
  if (rate.size() < text.size()) {
    std::string_view burst = text.substr(rate.size() + kBurst.size());
    if (!number(burst, out.burst) || out.burst < 1 || out.burst > kMostBurst) {
      return wrong("a burst of 1 up to 1000000000, such as \"30/m burst 5\"");
    }
  }
  if (rate.size() < 3 || rate[rate.size() - 2] != '/') return wrong(kRate);
  const char per = rate.back();
  const double seconds = per == 's' ? 1 : per == 'm' ? 60 : per == 'h' ? 3600 : 0;
  double events = 0;
  if (!number(rate.substr(0, rate.size() - 2), events) || !(events > 0) || !(events < 1e12) || seconds == 0) {
    return wrong(kRate);
  }
  out.per_second = events / seconds;
  return out;
}

Result<void> add_rules(std::string_view setting, const std::vector<std::string>& list, std::string_view prefix,
                       Rules& rules) {
  for (std::string_view entry : list) {
    auto wrong = [&](const std::string& why) {
      return Error{Errc::invalid, std::string(setting) + ": \"" + std::string(entry) + "\": " + why};
    };
    std::size_t equals = entry.find('=');
    if (equals == entry.npos) return wrong("expected \"NAME=RATE\", such as \"mail=30/m\"");
    std::string_view name = entry.substr(0, equals);
    if (!valid_name(name)) return wrong("the name must be 1 to 128 of A-Z a-z 0-9 . _ -");
    Result<Rule> rule = parse_rule(entry.substr(equals + 1));
    if (!rule) return wrong(rule.error().message);
    if (!rules.emplace(std::string(prefix) + std::string(name), *rule).second) return wrong("the name stands twice");
  }
  return {};
}

Result<Rules> read_rules(const Settings& settings) {
  Rules rules;
  Result<void> added = add_rules("queues", settings.list("queues"), "queue:", rules);
  if (added) added = add_rules("handlers", settings.list("handlers"), "handler:", rules);
  if (!added) return added.error();
  if (double rate = settings.number("rate"); rate > 0) {
    rules["process"] = {rate, static_cast<std::uint32_t>(settings.integer("burst"))};
  } else if (settings.integer("burst") > 0) {
    return Error{Errc::invalid, "burst: it needs a `rate`"};
  }
  if (rules.empty()) return Error{Errc::invalid, "rate: a rate, or a rule for a queue or a handler, is needed"};
  for (auto& [key, rule] : rules) {
    if (rule.burst == 0) rule.burst = one_second_of(rule.per_second);
  }
  return rules;
}

}  // namespace penstock::shared
