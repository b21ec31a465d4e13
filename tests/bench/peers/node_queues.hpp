// Queues on Redis for Node: measured where they are installed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "bench/lib/child.hpp"

namespace penstock::bench {

struct NodeQueue {
  const char* name;  // of the package
  double factor;     // how many times its throughput ours is to have
};
inline constexpr NodeQueue kNodeQueues[] = {{"bullmq", 5}, {"bee-queue", 2.5}};

// Tasks per second of a whole life, as the queue does it best: added in bulk by one process, worked off by another.
// Absent unless PENSTOCK_BENCH_NODE names a folder whose node_modules has it.
std::optional<Measurement> whole_life_of(const NodeQueue&, const std::string& socket, std::size_t jobs);
// Median and 99th percentile of the microseconds from the call to the handler, one job at a time.
std::optional<Measurement> pickup_of(const NodeQueue&, const std::string& socket, std::size_t jobs);

std::string node_queues_wanted(const NodeQueue&);  // what to say where it is absent
std::string node_version(const NodeQueue&);        // empty: it is absent

}  // namespace penstock::bench
