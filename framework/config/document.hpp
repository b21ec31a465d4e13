// A config file as it was written: sections of keys and values, each with the line it stands on.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include <penstock/plugin/result.hpp>

#include "config/values.hpp"

namespace penstock::config {

inline constexpr std::size_t kMaxFile = 1 << 20;  // octets
inline constexpr int kMaxNesting = 32;            // of tables, lists and dotted keys

// One table of the file; the root is the table of all sections. Programs that have no file fill in
// `values` alone: messages then leave the place out.
struct Section {
  std::string file, name;  // "penstock.toml", "backend.redis"; the root has no name
  int line = 0;
  std::map<std::string, Written> values;
  std::map<std::string, int> lines;  // of the values
  std::map<std::string, Section> children;

  // "penstock.toml:7: backend.redis.url: <what>", at the key's line, or at the section's when it has
  // no such key. With an empty key the section itself is at fault.
  Error error(std::string_view key, const std::string& what) const;
  // The child's values, or none: a section that is not written is the same as an empty one.
  Section child(const std::string& key) const;
};

// Parses TOML. An error is one line: file, line, the key at fault where there is one, and what is
// wrong. `file` is used for messages only.
Result<Section> parse(std::string_view text, const std::string& file);

// Reads and parses a file of at most kMaxFile octets.
Result<Section> read(const std::string& path);

// Values::check, with the place in front of the error.
Result<Values> check(std::span<const Setting> table, const Section& section);

}  // namespace penstock::config
