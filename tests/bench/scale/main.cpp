// How things grow: Z1 the cost of a lease with many tasks waiting, Z2 what each of them takes, Z3 throughput with many
// worker processes; Z4 and Z5 what one worker process takes, and how soon it works.
#include <cstdlib>
#include <sqlite3.h>

#include "bench/lib/redis.hpp"
#include "bench/process/worker.hpp"
#include "bench/scale/areas.hpp"

namespace penstock::bench {
namespace {

void measure(const Run& run, Report& report) {
  report.version("SQLite", sqlite3_libversion());
  report.version("redis-server", redis_version());
  if (run.wants("Z1") || run.wants("Z2")) depths(run, report);
  if (run.wants("Z3")) processes(run, report);
  if (run.wants("Z4") || run.wants("Z5")) programs(run, report);
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) {
  setenv("PENSTOCK_PLUGIN_PATH", PENSTOCK_BENCH_MODULES, 1);
  if (argc > 1 && std::string(argv[1]) == "--worker") return penstock::bench::worker({argv + 2, argv + argc});
  return penstock::bench::run_area(argc, argv, "scale", penstock::bench::measure);
}
