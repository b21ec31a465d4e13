// The config file: TOML, every key declared; `penstock config show --defaults` prints them all.
#pragma once

#include <string>

#include <penstock/options.hpp>

namespace penstock {

// Reads and checks the file. Throws Exception (Errc::invalid) with one line: file, line, key, what was
// expected, what was seen, and the nearest key there is. Settings of plugins are checked when the
// manager opens them, with the same care.
Options read_config(const std::string& file);

}  // namespace penstock
