// Decimal numbers as servers and URLs have them.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace penstock::redis {

// All of `text` as a number: empty where it is none, too large for a Number, or followed by anything.
template <class Number>
std::optional<Number> decimal(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

}  // namespace penstock::redis
