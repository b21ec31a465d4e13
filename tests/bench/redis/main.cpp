// D1 to D6, L3, and R4 and C1 for Redis: on servers of its own, each a child on a unix socket.
#include <cstdlib>

#include "bench/process/worker.hpp"
#include "bench/redis/areas.hpp"

namespace penstock::bench {
namespace {

void measure(const Run& run, Report& report) {
  if (run.wants("D1") || run.wants("D4") || run.wants("R4")) whole_life(run, report);
  if (run.wants("D2")) bulk_enqueue(run, report);
  if (run.wants("D3")) producers(run, report);
  if (run.wants("L3")) pickup(run, report);
  if (run.wants("D6")) depth(run, report);
  if (run.wants("C1")) takeover(run, report);
  if (run.wants("D5")) idle(run, report);
}

}  // namespace

std::vector<std::string> logged(const std::string& fsync) {
  return {"--appendonly", "yes", "--appendfsync", fsync, "--auto-aof-rewrite-percentage", "0"};
}

}  // namespace penstock::bench

int main(int argc, char** argv) {
  setenv("PENSTOCK_PLUGIN_PATH", PENSTOCK_BENCH_MODULES, 1);  // the backend is a module, as users load it
  if (argc > 1 && std::string(argv[1]) == "--worker") return penstock::bench::worker({argv + 2, argv + argc});
  return penstock::bench::run_area(argc, argv, "redis", penstock::bench::measure);
}
