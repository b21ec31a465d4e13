// L1, L2: from the enqueue call to the first line of the handler, with nothing else to do.
#include "bench/lib/latency.hpp"

#include <cstdio>

#include "bench/ceilings/naive.hpp"
#include "bench/ceilings/same_statements.hpp"
#include "bench/lib/pickup.hpp"
#include "bench/lib/report.hpp"
#include "torture/folder.hpp"

namespace penstock::bench {
namespace {

using std::chrono::milliseconds;
using torture::Scratch;

constexpr milliseconds kSoon{1}, kSeldom{5};  // between tasks: memory, SQLite

// The same way with nothing on it: a thread that waits for a condition.
Series naive(milliseconds period, std::size_t count) {
  Naive pool(2, 1);
  return closure_latency(count, period, [&](auto c) { pool.submit(c); });
}

Series other_process(std::size_t count) {
  const Scratch scratch(Scratch::On::disk);
  const std::string path = scratch.fresh("l2") + "/tasks.db";
  make_store(path, false);
  return pickup_apart(on_sqlite(path, false), kSeldom, count);
}

struct Case {
  const char* id;
  const char* what;
  double p50, p99;  // the bars in microseconds; 0: none
};

void add(Report& report, const Case& c, const Columns& columns, const Columns& bare) {
  Row row{.id = c.id, .what = std::string(c.what) + ", p99", .unit = "us", .values = columns[1], .ceilings = bare[1]};
  row.met = row.value() <= c.p99;
  row.bar = "<= " + std::to_string(static_cast<int>(c.p99)) + " us";
  Row mid{.id = c.id, .what = std::string(c.what) + ", p50", .unit = "us", .values = columns[0], .ceilings = bare[0]};
  row.ceiling_name = mid.ceiling_name = "naive: a closure to a thread that waits";
  if (c.p50 > 0) {
    mid.bar = "<= " + std::to_string(static_cast<int>(c.p50)) + " us";
    mid.met = mid.value() <= c.p50;
  } else {
    mid.bar = "none";
  }
  report.add(mid);
  report.add(row);
}

void memory(const Run& run, Report& report) {
  const std::size_t n = run.size(3'000, 50);
  const Rounds r = run.interleave(
      {{"naive", [=] { return naive(kSoon, n); }}, {"memory", [=] { return pickup_here(on_memory(), kSoon, n); }}});
  add(report, {"L1", "idle pickup, memory", 20, 300}, r.sides[1], r.sides[0]);
  report.load(r.foreign);
}

void sqlite(const Run& run, Report& report) {
  const std::size_t n = run.size(600, 20);
  const Rounds r =
      run.interleave({{"naive", [=] { return naive(kSeldom, n); }},
                      {"same process",
                       [=] {
                         const Scratch scratch(Scratch::On::disk);
                         return pickup_here(on_sqlite(scratch.fresh("l2") + "/tasks.db", false), kSeldom, n);
                       }},
                      {"two processes", [=] { return other_process(n); }}});
  add(report, {"L2", "idle pickup, SQLite NORMAL, same process", 0, 1000}, r.sides[1], r.sides[0]);
  add(report, {"L2", "idle pickup, SQLite NORMAL, another process", 0, 5000}, r.sides[2], r.sides[0]);
  report.load(r.foreign);
}

void measure(const Run& run, Report& report) {
  if (run.wants("L1")) memory(run, report);
  if (run.wants("L2")) sqlite(run, report);
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) { return penstock::bench::run_area(argc, argv, "latency", penstock::bench::measure); }
