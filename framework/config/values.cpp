#include "config/values.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>

#include "config/units.hpp"

namespace penstock::config {
namespace {

Error wrong(const Setting& s, const std::string& what) {
  return Error{Errc::invalid, std::string(s.key) + ": " + what};
}

std::string range_text(const Setting& s) {
  std::string low = s.min == std::numeric_limits<std::int64_t>::min() ? "" : " from " + std::to_string(s.min);
  std::string high = s.max == std::numeric_limits<std::int64_t>::max() ? "" : " up to " + std::to_string(s.max);
  return low + high;
}

template <class T>
Result<Written> bounded(const Setting& s, T value, T shown) {
  if (value >= static_cast<T>(s.min) && value <= static_cast<T>(s.max)) return Written(value);
  return wrong(s, "expected a value" + range_text(s) + ", got " + std::to_string(shown));
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
    if (!value) return wrong(s, "the environment variable " + text.substr(4) + " is not set");
    return Written(std::string(value));
  }
  if (text.rfind("file:", 0) == 0) {
    std::ifstream file(text.substr(5), std::ios::binary);
    if (!file) return wrong(s, "cannot read the file " + text.substr(5));
    std::string value{std::istreambuf_iterator<char>(file), {}};
    while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) value.pop_back();
    return Written(value);
  }
  return Written(text);
}

Result<Written> convert(const Setting& s, const Written& w) {
  const auto* text = std::get_if<std::string>(&w);
  switch (s.kind) {
    case Kind::boolean:
      if (const bool* b = std::get_if<bool>(&w)) return Written(*b);
      return wrong(s, "expected true or false");
    case Kind::integer:
      if (const auto* i = std::get_if<std::int64_t>(&w)) return bounded(s, *i, *i);
      return wrong(s, "expected a whole number" + range_text(s));
    case Kind::number: {
      const auto* i = std::get_if<std::int64_t>(&w);
      const auto* d = std::get_if<double>(&w);
      if (!i && !d) return wrong(s, "expected a number" + range_text(s));
      double value = i ? static_cast<double>(*i) : *d;
      if (!std::isfinite(value)) return wrong(s, "expected a finite number");
      return bounded(s, value, value);
    }
    case Kind::duration: {
      if (!text) return wrong(s, "expected a duration with a unit, such as \"10s\"");
      auto value = parse_duration(*text);
      if (!value) return wrong(s, value.error().message);
      return bounded<std::int64_t>(s, value->count(), value->count());
    }
    case Kind::size: {
      if (!text) return wrong(s, "expected a size with a unit, such as \"64MiB\"");
      auto value = parse_size(*text);
      if (!value) return wrong(s, value.error().message);
      return bounded(s, *value, *value);
    }
    case Kind::rate: {
      if (!text) return wrong(s, "expected a rate, such as \"500/s\"");
      auto value = parse_rate(*text);
      if (!value) return wrong(s, value.error().message);
      return bounded(s, *value, *value);
    }
    case Kind::string:
      if (text) return Written(*text);
      return wrong(s, "expected text in quotes");
    case Kind::choice:
      if (text && one_of(s.choices, *text)) return Written(*text);
      return wrong(s, std::string("expected one of ") + s.choices + (text ? ", got \"" + *text + "\"" : ""));
    case Kind::secret:
      if (text) return resolve_secret(s, *text);
      return wrong(s, "expected text, \"env:NAME\" or \"file:PATH\"");
    case Kind::list:
      if (const auto* list = std::get_if<std::vector<std::string>>(&w)) return Written(*list);
      return wrong(s, "expected a list of texts");
  }
  return wrong(s, "unknown kind of setting");
}

// A fallback stands as text in the table; this gives it the form it would have in a file.
Written fallback(const Setting& s) {
  std::string_view text = s.fallback;
  if (s.kind == Kind::boolean) return text == "true";
  if (s.kind == Kind::integer) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }
  if (s.kind == Kind::number) {
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
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

}  // namespace

Result<Values> Values::check(std::span<const Setting> table, const std::map<std::string, Written>& written) {
  for (const auto& [key, value] : written) {
    if (std::ranges::any_of(table, [&k = key](const Setting& s) { return s.key == k; })) continue;
    std::vector<std::string_view> known;
    for (const Setting& s : table) known.emplace_back(s.key);
    std::string_view near = nearest(key, known);
    return Error{Errc::invalid,
                 key + ": unknown key" + (near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?")};
  }
  Values out;
  for (const Setting& s : table) {
    auto at = written.find(s.key);
    if (at == written.end() && !s.fallback) return wrong(s, "this key is required");
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

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (std::string_view candidate : known) {
    std::vector<std::size_t> row(candidate.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j < row.size(); ++j) {
        std::size_t above = row[j];
        row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (word[i - 1] != candidate[j - 1])});
        diagonal = above;
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

}  // namespace penstock::config
