// The parts of the Redis area.
#pragma once

#include <string>
#include <vector>

#include "bench/lib/report.hpp"

namespace penstock::bench {

void whole_life(const Run& run, Report& report);    // D1, D4, R4
void bulk_enqueue(const Run& run, Report& report);  // D2
void producers(const Run& run, Report& report);     // D3
void idle(const Run& run, Report& report);          // D5
void depth(const Run& run, Report& report);         // D6
void pickup(const Run& run, Report& report);        // L3
void takeover(const Run& run, Report& report);      // C1

// A server's command line: no rewrites of its log in the middle of a measurement.
std::vector<std::string> logged(const std::string& fsync);

}  // namespace penstock::bench
