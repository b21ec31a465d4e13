// S1 to S5, and R4 for SQLite.
#include "bench/sqlite/areas.hpp"

namespace penstock::bench {
namespace {

void measure(const Run& run, Report& report) {
  if (run.wants("S1") || run.wants("R4")) whole_life(run, report);
  if (run.wants("S2")) bulk_enqueue(run, report);
  if (run.wants("S3")) producers(run, report);
  if (run.wants("S5")) two_processes(run, report);
  if (run.wants("S4")) depth(run, report);
}

}  // namespace

}  // namespace penstock::bench

int main(int argc, char** argv) { return penstock::bench::run_area(argc, argv, "sqlite", penstock::bench::measure); }
