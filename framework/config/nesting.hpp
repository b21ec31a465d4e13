// A first look at a TOML text, before a recursive parser gets it.
#pragma once

#include <string_view>

namespace penstock::config {

// The line on which brackets, braces or the dots of one key are nested deeper than `limit`; 0 if none.
int too_deep(std::string_view text, int limit);

}  // namespace penstock::config
