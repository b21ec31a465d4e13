// S5: one process enqueues, another works, on one file.
#include "bench/ceilings/rw2.hpp"
#include "bench/ceilings/same_statements.hpp"
#include "bench/lib/clock.hpp"
#include "bench/lib/tasks.hpp"
#include "bench/sqlite/areas.hpp"
#include "torture/folder.hpp"

namespace penstock::bench {
namespace {

using torture::Scratch;

// From the producer's first call to the worker's last end, as the store has it.
Series ours(std::size_t count) {
  const Scratch scratch(Scratch::On::disk);
  const std::string path = scratch.fresh("s5") + "/tasks.db";
  make_store(path, false);
  Child producer([&] {
    TaskManager tasks = TaskManager::open(on_sqlite(path, false));
    const std::int64_t start = now_ns();
    send(tasks, 0, count);  // throws on a busy error, as on any other
    return Series{double(start)};
  });
  Ran ran(count);
  TaskManager tasks = TaskManager::open(on_sqlite(path, false));
  work(tasks, ran);
  tasks.start();
  ran.wait();
  const std::int64_t end = now_ns();
  const double start = producer.finish()[0];
  ran.verify();
  verify_nothing_left(tasks);
  tasks.stop_graceful(Millis(10'000));
  return {double(count) / ((double(end) - start) / 1e9)};
}

}  // namespace

void two_processes(const Run& run, Report& report) {
  const std::size_t n = run.size(200'000, 1'000);
  const std::string body(stored_size(), 'x');
  const Rounds r = run.interleave({{"rw2", [=] { return rw2(n, body); }}, {"ours", [=] { return ours(n); }}});
  Row row{.id = "S5",
          .what = "two processes on one file, NORMAL",
          .unit = "tasks/s",
          .values = r.sides[1][0],
          .ceilings = r.sides[0][0],
          .ceiling_name = "rw2, 256 per transaction",
          .bar = ">= 0.5 x rw2, no busy error to any caller"};
  row.met = row.ratio() >= 0.5;
  row.note = "a busy error to the producer, or in an exchange of the worker, fails the benchmark";
  report.add(row);
  report.load(r.foreign);
}

}  // namespace penstock::bench
