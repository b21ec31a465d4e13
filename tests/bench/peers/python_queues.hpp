// Queues for Python: measured where python3 can import them.
#pragma once

#include <cstddef>
#include <string>

#include "bench/lib/child.hpp"

namespace penstock::bench {

// `name` is the package's; huey works on a file, rq and celery on a Redis server by its socket.
std::string python_version(const std::string& name);  // empty: it is not installed
// Jobs per second of a whole life, added by one process and worked off by another. The store is empty.
Series python_life(const std::string& name, const std::string& store, std::size_t jobs);
// Median and 99th percentile of the microseconds from the call to the job.
Series python_pickup(const std::string& name, const std::string& store, std::size_t jobs);

}  // namespace penstock::bench
