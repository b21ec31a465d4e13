// What a lease costs with many tasks waiting in a file.
#pragma once

#include <string>

#include "bench/lib/series.hpp"

namespace penstock::bench {

// Puts so many tasks of four priorities into a file, in a process of its own.
void fill(const std::string& path, std::size_t count);
// Microseconds per task of so many claims of kBulk, each replaced by as many tasks, untimed; NORMAL.
Series lease_cost(const std::string& path, std::size_t claims);
// The same, by the same statements without the runtime.
Series raw_lease_cost(const std::string& path, std::size_t claims);

}  // namespace penstock::bench
