// The parts of the scale area.
#pragma once

#include <vector>

#include "bench/lib/report.hpp"

namespace penstock::bench {

void depths(const Run& run, Report& report);     // Z1, Z2
void processes(const Run& run, Report& report);  // Z3
void programs(const Run& run, Report& report);   // Z4, Z5

}  // namespace penstock::bench
