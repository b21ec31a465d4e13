// Looks at a module's file before the dynamic loader does: a truncated file would kill the process.
#pragma once

#include <string>
#include <sys/stat.h>

#include <penstock/plugin/result.hpp>

namespace penstock::plugins {

// Checks that `path` is a whole shared object of this machine's kind, in a file that others may not
// change under us when we are root. Returns what stat said, which identifies the module.
Result<struct stat> check_file(const std::string& path);

}  // namespace penstock::plugins
