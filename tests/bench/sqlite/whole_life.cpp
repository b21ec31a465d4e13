// S1: enqueue, lease, settle, with a bulk producer beside the worker. R4: what that costs the client.
#include <cstdio>

#include "bench/ceilings/mix.hpp"
#include "bench/ceilings/same_statements.hpp"
#include "bench/lib/clock.hpp"
#include "bench/lib/tasks.hpp"
#include "bench/peers/plainjob.hpp"
#include "bench/sqlite/areas.hpp"
#include "torture/folder.hpp"

namespace penstock::bench {
namespace {

using torture::Scratch;

Series our_lives(std::size_t count, bool full) {
  const Scratch scratch(Scratch::On::disk);
  Ran ran(count);
  TaskManager tasks = TaskManager::open(on_sqlite(scratch.fresh("s1") + "/tasks.db", full));
  work(tasks, ran);
  tasks.start();
  const Stopwatch watch;
  const std::vector<TaskRef> refs = send(tasks, 0, count);
  const double sent = watch.seconds();
  ran.wait();
  Series out = throughput(count, watch.seconds(), watch.cpu());
  out.push_back(double(tasks.metrics().exchanges));
  out.push_back(sent / watch.seconds());
  ran.verify();
  verify_in_store(tasks, refs);
  tasks.stop_graceful(Millis(10'000));
  return out;
}

Series same_statements(std::size_t count, bool full, const std::string& body) {
  const Scratch scratch(Scratch::On::disk);
  const std::string path = scratch.fresh("s1") + "/tasks.db";
  make_store(path, full);
  SameStatements store(path, full);
  std::size_t settled = 0;
  const Stopwatch watch;
  for (std::size_t added = 0; settled < count;) {
    store.transaction([&] {  // one for all: the runtime's group commit does as much at its best
      for (std::size_t i = 0; i < kBulk && added < count; ++i, ++added) store.add(make_task_id(), body);
      settled += store.settle();
      store.claim(kBulk);
    });
  }
  Series out = throughput(count, watch.seconds(), watch.cpu());
  if (settled != count || store.left() != 0) throw std::runtime_error("ceiling: tasks are left");
  return out;
}

Series mix3(std::size_t count, bool full, const std::string& body) {
  const Scratch scratch(Scratch::On::disk);
  Mix mix(scratch.fresh("s1") + "/jobs.db", full);
  std::size_t added = 0, finished = 0;
  const Stopwatch watch;
  while (finished < count) {
    mix.transaction([&] {
      for (std::size_t i = 0; i < kBulk && added < count; ++i, ++added) mix.add(static_cast<std::int64_t>(added), body);
    });
    mix.transaction([&] { mix.lease(kBulk); });
    mix.transaction([&] { finished += mix.finish(); });
  }
  Series out = throughput(count, watch.seconds(), watch.cpu());
  if (finished != count) throw std::runtime_error("ceiling: jobs are left");
  return out;
}

void against_peer(Report& report, const Columns& ours, const std::optional<Columns>& peer) {
  Row row{.id = "S1", .what = "whole life, NORMAL, against plainjob", .unit = "tasks/s", .values = ours[0]};
  row.bar = ">= 7 x plainjob";
  if (peer) {
    row.ceilings = (*peer)[0];
    row.ceiling_name = "plainjob";
    row.met = row.ratio() >= 7;
  } else {
    row.note = "plainjob is not installed: PENSTOCK_BENCH_PLAINJOB names a folder with its node_modules";
  }
  report.add(row);
}

void at_level(const Run& run, Report& report, bool full, const std::string& body) {
  const std::size_t n = run.size(200'000, 1'000);
  std::vector<Side> sides{{"same statements", [=] { return same_statements(n, full, body); }},
                          {"ours", [=] { return our_lives(n, full); }},
                          {"mix3", [=] { return mix3(n, full, body); }}};
  const std::optional<Measurement> peer = full ? std::nullopt : plainjob(run.size(20'000, 500));
  if (peer) sides.push_back({"plainjob", *peer});
  const Rounds r = run.interleave(sides);
  const Columns &same = r.sides[0], &mine = r.sides[1], &mix = r.sides[2];
  Row row{.id = "S1",
          .what = std::string("whole life, ") + level(full) + ", bulk producer beside the worker",
          .unit = "tasks/s",
          .values = mine[0],
          .ceilings = same[0],
          .ceiling_name = "same statements without the runtime",
          .bar = ">= 0.7 x the same statements"};
  row.met = row.ratio() >= 0.7;
  char note[200];
  std::snprintf(note, sizeof note,
                "mix3 %.0f tasks/s, ratio %.2f (reach 0.5); CPU s per 10,000: %.4f, ceiling %.4f; %.0f exchanges; the "
                "producer was done after %.0f %% of the time",
                median(mix[0]), median(ratios(mine[0], mix[0])), median(mine[1]), median(same[1]), median(mine[2]),
                100 * median(mine[3]));
  row.note = note;
  report.add(row);
  if (full) {
    Row cpu{.id = "R4",
            .what = "client CPU per 10,000 tasks, whole life, FULL",
            .unit = "s",
            .values = mine[1],
            .ceilings = same[1],
            .ceiling_name = "same statements without the runtime",
            .bar = "<= 0.15 s"};
    cpu.met = cpu.value() <= 0.15;
    report.add(cpu);
  } else {
    against_peer(report, mine, peer ? std::optional(r.sides[3]) : std::nullopt);
  }
  report.load(r.foreign);
}

}  // namespace

void whole_life(const Run& run, Report& report) {
  const std::string body(stored_size(), 'x');
  for (const bool full : {true, false}) at_level(run, report, full, body);
}

}  // namespace penstock::bench
