// How fast a backend is, beside others: a rough figure of this machine, not a benchmark.
#pragma once

#include <string>
#include <vector>

#include "cli/check/subject.hpp"

namespace penstock::cli {

// A Markdown table, a column for each backend that does what it is told, and under it a line for each that has
// none, with the reason. Each is measured in a child process, on real clocks, for a second in all.
std::string bench_table(const std::vector<Target>& backends);

}  // namespace penstock::cli
