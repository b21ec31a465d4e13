#include "config/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <set>

#include "config/units.hpp"

namespace penstock::config {
namespace {

constexpr std::size_t kMaxSecret = 64 << 10;

Error wrong(const Setting& s, const std::string& what) {
  return Error{Errc::invalid, std::string(s.key) + ": " + what};
}

std::string show(double value) {
  std::array<char, 32> text;
  auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? std::string(text.data(), end) : "a number";
}

std::string bound(const Setting& s, std::int64_t value) {
  if (s.kind == Kind::duration) return quoted(format_duration(std::chrono::milliseconds(value)));
  if (s.kind == Kind::size) return quoted(format_size(value));
  if (s.kind == Kind::rate) return quoted(std::to_string(value) + "/s");
  return std::to_string(value);
}

std::string range(const Setting& s) {
  bool low = s.min != std::numeric_limits<std::int64_t>::min();
  bool high = s.max != std::numeric_limits<std::int64_t>::max();
  return (low ? " from " + bound(s, s.min) : "") + (high ? " up to " + bound(s, s.max) : "");
}

// What was written, as it may be shown.
std::string seen(const Setting& s, const Written& w) {
  if (const bool* b = std::get_if<bool>(&w)) return *b ? "true" : "false";
  if (const auto* i = std::get_if<std::int64_t>(&w)) return s.kind == Kind::secret ? "a number" : std::to_string(*i);
  if (const auto* d = std::get_if<double>(&w)) return s.kind == Kind::secret ? "a number" : show(*d);
  if (const auto* t = std::get_if<std::string>(&w)) return s.kind == Kind::secret ? "text" : quoted(*t);
  return "a list";
}

Error unexpected(const Setting& s, const Written& w) {
  return wrong(s, "expected " + expected(s) + ", got " + seen(s, w));
}

bool one_of(std::string_view choices, std::string_view word) {
  for (std::size_t at = 0; at <= choices.size();) {
    std::size_t bar = std::min(choices.find('|', at), choices.size());
    if (choices.substr(at, bar - at) == word) return true;
    at = bar + 1;
  }
  return false;
}

Result<Written> resolve_secret(const Setting& s, const std::string& text) {
  if (text.rfind("env:", 0) == 0) {
    const char* value = std::getenv(text.c_str() + 4);
    if (value) return Written(std::string(value));
    return wrong(s, "the environment variable " + quoted(text.substr(4)) + " is not set");
  }
  if (text.rfind("file:", 0) != 0) return Written(text);
  std::string path = text.substr(5), value(kMaxSecret + 1, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(value.data(), static_cast<std::streamsize>(value.size()));
  if (!file.is_open() || file.bad() || (file.gcount() == 0 && !file.eof())) {
    return wrong(s, "cannot read the file " + quoted(path));
  }
  value.resize(static_cast<std::size_t>(file.gcount()));
  if (value.size() > kMaxSecret) return wrong(s, "the file " + quoted(path) + " is larger than 64KiB");
  while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) value.pop_back();
  return Written(value);
}

template <class T, class Parsed>
Result<Written> measured(const Setting& s, const Written& w, const Result<Parsed>& parsed, T value) {
  if (!parsed) return unexpected(s, w);
  if (value < static_cast<T>(s.min) || value > static_cast<T>(s.max)) return unexpected(s, w);
  return Written(value);
}

Result<Written> convert(const Setting& s, const Written& w) {
  const auto* text = std::get_if<std::string>(&w);
  const auto* integer = std::get_if<std::int64_t>(&w);
  switch (s.kind) {
    case Kind::boolean:
      if (std::holds_alternative<bool>(w)) return w;
      break;
    case Kind::integer:
      if (integer && *integer >= s.min && *integer <= s.max) return w;
      break;
    case Kind::number: {
      const auto* d = std::get_if<double>(&w);
      if (!integer && !d) break;
      double value = integer ? static_cast<double>(*integer) : *d;
      if (!std::isfinite(value)) break;
      if (value >= static_cast<double>(s.min) && value <= static_cast<double>(s.max)) return Written(value);
      break;
    }
    case Kind::duration: {
      if (!text) break;
      auto value = parse_duration(*text);
      return measured<std::int64_t>(s, w, value, value ? value->count() : 0);
    }
    case Kind::size: {
      if (!text) break;
      auto value = parse_size(*text);
      return measured(s, w, value, value ? *value : 0);
    }
    case Kind::rate: {
      if (!text) break;
      auto value = parse_rate(*text);
      return measured(s, w, value, value ? *value : 0.0);
    }
    case Kind::string:
      if (text) return w;
      break;
    case Kind::choice:
      if (text && one_of(s.choices, *text)) return w;
      break;
    case Kind::secret:
      if (text) return resolve_secret(s, *text);
      break;
    case Kind::list:
      if (std::holds_alternative<std::vector<std::string>>(w)) return w;
      break;
  }
  return unexpected(s, w);
}

bool snake_case(std::string_view key) { return component_name(key); }

}  // namespace

std::string expected(const Setting& s) {
  switch (s.kind) {
    case Kind::boolean:
      return "true or false";
    case Kind::integer:
      return "a whole number" + range(s);
    case Kind::number:
      return "a finite number" + range(s);
    case Kind::duration:
      return "a duration such as \"250ms\", \"10s\" or \"5m\"" + range(s);
    case Kind::size:
      return "a size such as \"512B\", \"64KiB\" or \"1GiB\"" + range(s);
    case Kind::rate:
      return "a rate such as \"500/s\", \"30/m\" or \"10/h\"" + range(s);
    case Kind::string:
      return "text in quotes";
    case Kind::choice: {
      std::string words = (*s.choices == '|' ? "\"\"" : "") + std::string(s.choices);
      for (std::size_t at = 0; (at = words.find('|', at)) != std::string::npos; at += 2) words.replace(at, 1, ", ");
      return "one of " + words;
    }
    case Kind::secret:
      return "text, \"env:NAME\" or \"file:PATH\"";
    case Kind::list:
      return "a list of texts";
  }
  return "another kind of setting";
}

Written fallback(const Setting& s) {
  std::string_view text = s.fallback;
  const char* end = text.data() + text.size();
  if (s.kind == Kind::boolean && (text == "true" || text == "false")) return text == "true";
  if (s.kind == Kind::integer) {
    std::int64_t value = 0;
    auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc{} && stop == end) return value;
  }
  if (s.kind == Kind::number) {
    double value = 0;
    auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc{} && stop == end) return value;
  }
  if (s.kind == Kind::list) {
    std::vector<std::string> items;
    for (std::size_t at = 0; at < text.size();) {
      std::size_t comma = std::min(text.find(',', at), text.size());
      items.emplace_back(text.substr(at, comma - at));
      at = comma + 1;
    }
    return items;
  }
  return std::string(text);
}

Result<void> check_table(std::span<const Setting> table) {
  std::set<std::string_view> keys;
  for (const Setting& s : table) {
    if (!s.key || !snake_case(s.key)) return Error{Errc::invalid, "a setting has a key that is not snake_case"};
    if (!keys.insert(s.key).second) return wrong(s, "declared twice");
    if (s.kind > Kind::list) return wrong(s, "unknown kind of setting");
    if (!s.doc || !*s.doc) return wrong(s, "has no doc");
    if (s.kind == Kind::choice && !s.choices) return wrong(s, "is a choice without choices");
    if (s.min > s.max) return wrong(s, "its least value is above its largest");
    if (!s.fallback || s.kind == Kind::secret) continue;
    auto value = convert(s, fallback(s));
    if (!value) return Error{Errc::invalid, value.error().message + " as its fallback"};
  }
  return {};
}

Result<Values> Values::check(std::span<const Setting> table, const std::map<std::string, Written>& written,
                             std::string* at_fault) {
  std::string ignored;
  std::string& culprit = at_fault ? *at_fault : ignored;
  for (const auto& [key, value] : written) {
    if (std::ranges::any_of(table, [&k = key](const Setting& s) { return s.key == k; })) continue;
    std::vector<std::string_view> known;
    for (const Setting& s : table) known.emplace_back(s.key);
    culprit = key;
    return Error{Errc::invalid, printable(key) + ": unknown key" + suggestion(key, known)};
  }
  Values out;
  for (const Setting& s : table) {
    culprit = s.key;
    auto at = written.find(s.key);
    if (at == written.end() && !s.fallback) return wrong(s, "this key is required; expected " + expected(s));
    auto value = convert(s, at == written.end() ? fallback(s) : at->second);
    if (!value) return value.error();
    out.values_.emplace(s.key, std::move(*value));
  }
  return out;
}

const Written* Values::find(std::string_view key) const noexcept {
  auto at = values_.find(key);
  return at == values_.end() ? nullptr : &at->second;
}

bool Values::flag(std::string_view key) const noexcept {
  const auto* v = std::get_if<bool>(find(key));
  return v && *v;
}
std::int64_t Values::integer(std::string_view key) const noexcept {
  const auto* v = std::get_if<std::int64_t>(find(key));
  return v ? *v : 0;
}
double Values::number(std::string_view key) const noexcept {
  const auto* v = std::get_if<double>(find(key));
  return v ? *v : 0;
}
std::string_view Values::text(std::string_view key) const noexcept {
  const auto* v = std::get_if<std::string>(find(key));
  return v ? std::string_view(*v) : std::string_view();
}
std::chrono::milliseconds Values::duration(std::string_view key) const noexcept {
  return std::chrono::milliseconds(integer(key));
}
std::vector<std::string> Values::list(std::string_view key) const {
  const auto* v = std::get_if<std::vector<std::string>>(find(key));
  return v ? *v : std::vector<std::string>();
}

}  // namespace penstock::config
