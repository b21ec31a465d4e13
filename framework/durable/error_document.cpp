// The document of a queue's error groups.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>

#include <penstock/plugin/names.hpp>

#include "base/fingerprint.hpp"
#include "durable/error_groups.hpp"

namespace penstock::durable {
namespace {

constexpr std::string_view kTitle = "penstock.errors ";
constexpr int kDocumentVersion = 1;
constexpr std::size_t kMaxBuild = 128;

std::string hex(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

// Cuts off what stands before the first `end`, which goes as well. Absent: there is no `end`.
std::optional<std::string_view> cut(std::string_view& rest, char end) {
  const std::size_t at = rest.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view out = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  return out;
}

template <class Number>
bool read(std::string_view& line, Number& out, int base) {
  const auto word = cut(line, ' ');
  if (!word) return false;
  const char* end = word->data() + word->size();
  const auto [at, error] = std::from_chars(word->data(), end, out, base);
  return error == std::errc() && at == end;
}

bool read(std::string_view& line, Time& out) {
  Millis::rep since = 0;
  if (!read(line, since, 10)) return false;
  out = Time(Millis(since));
  return true;
}

std::optional<ErrorGroup> read_group(std::string_view line) {
  ErrorGroup g;
  if (!read(line, g.fingerprint, 16) || !read(line, g.count, 10) || !read(line, g.first) || !read(line, g.last)) {
    return std::nullopt;
  }
  const auto build = cut(line, ' '), kind = cut(line, ' ');
  if (!build || !kind || build->size() > kMaxBuild || !valid_name(*kind) || line.size() > kMaxSample) {
    return std::nullopt;
  }
  g.build = *build;
  g.kind = *kind;
  g.sample = line;
  return g;
}

std::string line_of(const ErrorGroup& g) {
  auto since = [](Time t) { return std::to_string(t.time_since_epoch().count()); };
  return hex(g.fingerprint) + " " + std::to_string(g.count) + " " + since(g.first) + " " + since(g.last) + " " +
         g.build + " " + g.kind + " " + g.sample + "\n";
}

}  // namespace

std::string encode(const ErrorGroups& groups, std::size_t limit) {
  const auto head = [](std::string_view lines) {
    return std::string(kTitle) + std::to_string(kDocumentVersion) + " " + hex(base::hash(lines)) + "\n";
  };
  const std::size_t room = limit - std::min(limit, head({}).size());
  std::string lines;
  for (const ErrorGroup& g : groups.last_first()) {
    std::string line = line_of(g);
    if (lines.size() + line.size() > room) break;
    lines += line;
  }
  return head(lines) + lines;
}

Result<ErrorGroups> decode_errors(std::string_view document) {
  const Error damaged{Errc::invalid, "is damaged, or no list of errors"};
  std::string_view rest = document;
  auto head = cut(rest, '\n');
  if (!head || !head->starts_with(kTitle)) return damaged;
  head->remove_prefix(kTitle.size());
  int version = 0;
  if (!read(*head, version, 10) || version < kDocumentVersion) return damaged;
  if (version > kDocumentVersion) return Error{Errc::unsupported, "was written by a later version"};
  if (*head != hex(base::hash(rest))) return damaged;
  ErrorGroups out;
  while (!rest.empty()) {
    const auto line = cut(rest, '\n');
    const auto group = line ? read_group(*line) : std::nullopt;
    if (!group) return damaged;
    out.merge(*group);
  }
  return out;
}

}  // namespace penstock::durable
