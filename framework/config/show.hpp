// A section as TOML for people to read: every key with its doc, secrets masked.
#pragma once

#include <span>
#include <string>

#include "config/document.hpp"

namespace penstock::config {

// The value as the file would have it, such as `"10s"`, `8` or `["json", "zstd"]`. A secret that stands
// in the file is "***"; a reference to one (`env:`, `file:`) is shown.
std::string to_toml(const Setting& setting, const Written& value);

// `[name]`, then each key of the table: doc as a comment, and what was written or else the fallback. A
// required key that is not written stands there as a comment.
std::string show(std::span<const Setting> table, const Section& section);

}  // namespace penstock::config
