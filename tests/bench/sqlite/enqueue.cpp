// S2: bulk enqueue, nobody working.
#include "bench/ceilings/same_statements.hpp"
#include "bench/lib/clock.hpp"
#include "bench/lib/tasks.hpp"
#include "bench/sqlite/areas.hpp"
#include "torture/folder.hpp"

namespace penstock::bench {
namespace {

using torture::Scratch;

Series ours(std::size_t count, bool full) {
  const Scratch scratch(Scratch::On::disk);
  TaskManager tasks = TaskManager::open(on_sqlite(scratch.fresh("s2") + "/tasks.db", full));
  const Stopwatch watch;
  send(tasks, 0, count);
  Series out = throughput(count, watch.seconds(), watch.cpu());
  const auto ready = tasks.counts().at(0).by_state[static_cast<std::size_t>(State::ready)];
  if (ready != count) throw std::runtime_error("the store counts " + std::to_string(ready) + " ready tasks");
  return out;
}

Series same_statements(std::size_t count, bool full) {
  const std::string body = stored_body();
  const Scratch scratch(Scratch::On::disk);
  const std::string path = scratch.fresh("s2") + "/tasks.db";
  make_store(path, full);
  SameStatements store(path, full);
  const Stopwatch watch;
  for (std::size_t added = 0; added < count;) {
    store.transaction([&] {
      for (std::size_t i = 0; i < kBulk && added < count; ++i, ++added) store.add(make_task_id(), body);
    });
  }
  return throughput(count, watch.seconds(), watch.cpu());
}

}  // namespace

void bulk_enqueue(const Run& run, Report& report) {
  const std::size_t n = run.size(300'000, 1'000);
  for (const bool full : {true, false}) {
    const Rounds r = run.interleave(
        {{"same statements", [=] { return same_statements(n, full); }}, {"ours", [=] { return ours(n, full); }}});
    Row row{.id = "S2",
            .what = std::string("bulk enqueue, ") + level(full),
            .unit = "tasks/s",
            .values = r.sides[1][0],
            .ceilings = r.sides[0][0],
            .ceiling_name = "same statements without the runtime",
            .bar = ">= 0.7 x the same statements"};
    row.met = row.ratio() >= 0.7;
    char note[100];
    std::snprintf(note, sizeof note, "CPU s per 10,000: %.4f, ceiling %.4f", median(r.sides[1][1]),
                  median(r.sides[0][1]));
    row.note = note;
    report.add(row);
    report.load(r.foreign);
  }
}

}  // namespace penstock::bench
