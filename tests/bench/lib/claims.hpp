// What claims cost, at the backend itself.
#pragma once

#include <functional>

#include "bench/lib/tasks.hpp"

namespace penstock::bench {

// Microseconds per task of so many claims of kBulk from kQueue. What was claimed is settled, and `refill` puts as
// many tasks in its place, both untimed. Throws unless each claim is full.
double claim_cost(TaskManager& tasks, std::size_t claims, const std::function<void()>& refill);

}  // namespace penstock::bench
