// What a module's file says of its symbols: what it offers to others and what it wants of them.
#pragma once

#include <string>
#include <vector>

#include <penstock/plugin/result.hpp>

namespace penstock::plugins {

struct Symbols {
  std::vector<std::string> exported;   // defined, and seen by others
  std::vector<std::string> unique;     // of those, the ones that are one for the whole process
  std::vector<std::string> undefined;  // wanted of others
  std::vector<std::string> needed;     // libraries, as the loader is asked for them
};

// Reads the file at `path`, which check_file() has taken for sound; none of its code runs. What is outside of the
// file's bounds is Errc::invalid.
Result<Symbols> read_symbols(const std::string& path);

}  // namespace penstock::plugins
