// The parts of the SQLite area.
#pragma once

#include "bench/lib/report.hpp"

namespace penstock::bench {

void whole_life(const Run& run, Report& report);     // S1, R4
void bulk_enqueue(const Run& run, Report& report);   // S2
void producers(const Run& run, Report& report);      // S3
void depth(const Run& run, Report& report);          // S4
void two_processes(const Run& run, Report& report);  // S5

inline const char* level(bool full) { return full ? "FULL" : "NORMAL"; }

}  // namespace penstock::bench
