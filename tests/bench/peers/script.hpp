// Programs of peers in other languages: they print their figures.
#pragma once

#include <string>
#include <vector>

#include "bench/lib/series.hpp"

namespace penstock::bench {

// Runs a program of the PATH to its end, and reads the numbers of the last line that it prints. Throws when it fails,
// or prints none.
Series figures_of(const std::vector<std::string>& command);
// The first line that it prints; empty when it fails: what it asks for is not installed.
std::string answer_of(const std::vector<std::string>& command);
// The version of a package of Node in a folder's node_modules.
std::string package_version(const std::string& folder, const std::string& package);

}  // namespace penstock::bench
