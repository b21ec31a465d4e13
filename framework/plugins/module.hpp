// Opens one module: checks its file, loads it for good, and reads its descriptor.
#pragma once

#include <string>

#include "plugins/plugin.hpp"

namespace penstock::plugins {

// "acme" of "/usr/lib/penstock/plugins-0/libpenstock-acme.so"; empty when the file is named otherwise.
std::string plugin_of_file(const std::string& path);
std::string file_of_plugin(const std::string& name);

// Loads the module and reads its descriptor, which must bear the file's name. The module is never
// unloaded, not even when it is refused. Of its code only static initialisers and the entry run. The
// error is one line that starts with the path.
Result<Plugin> open_module(const std::string& path, const ReadOptions& options = {});

}  // namespace penstock::plugins
