// Whole lives of tasks: enqueue, lease, settle, from the producer's first call to the last end that the store accepted.
// Each gives tasks per second, and CPU seconds per 10,000 tasks of all its processes but the store's.
#pragma once

#include "bench/lib/tasks.hpp"

namespace penstock::bench {

// A bulk producer beside the worker, in one process.
Series whole_life_here(const Options& options, std::size_t count);
// A producer process, and so many worker processes. The store is there already, and empty.
Series whole_life_apart(const Options& options, std::size_t count, std::size_t workers);

}  // namespace penstock::bench
