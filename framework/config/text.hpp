// Text as it may stand in a one-line message, whatever a file or a module put into it.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace penstock::config {

// The text on one line: octets that are not UTF-8, control bytes, and characters that turn or hide
// text are escaped as \xHH, and what is longer than `limit` octets is cut and ends in "...".
std::string printable(std::string_view text, std::size_t limit = 120);

// Octets up to the first that is not UTF-8; all of them when there is none.
std::size_t utf8_prefix(std::string_view text) noexcept;

// printable(text) in quotes.
std::string quoted(std::string_view text);

// The name among `known` that is nearest to `word` by edit distance, or empty when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

// `; did you mean "backend"?`, or nothing when no name is near.
std::string suggestion(std::string_view word, std::span<const std::string_view> known);

// True for [a-z][a-z0-9_]*, at most 64 octets: names of plugins and components.
bool component_name(std::string_view name) noexcept;

}  // namespace penstock::config
