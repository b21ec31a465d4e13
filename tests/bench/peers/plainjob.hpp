// plainjob, a queue on SQLite for Node: measured where it is installed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "bench/lib/child.hpp"

namespace penstock::bench {

// Tasks per second of a whole life, as plainjob does it best: added in bulk, then worked off by one worker.
// Absent unless PENSTOCK_BENCH_PLAINJOB names a folder whose node_modules has plainjob and better-sqlite3.
std::optional<Measurement> plainjob(std::size_t jobs);
std::string plainjob_version();  // empty: it is absent

}  // namespace penstock::bench
