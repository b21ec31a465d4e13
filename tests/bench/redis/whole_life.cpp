// D1: enqueue, lease, settle, the producer and the worker in processes of their own. R4: what that life_costs these two.
// D4: the same on servers that keep a log.
#include <cstdio>

#include "bench/ceilings/raw_jobs.hpp"
#include "bench/lib/clock.hpp"
#include "bench/lib/tasks.hpp"
#include "bench/peers/node_queues.hpp"
#include "bench/redis/areas.hpp"
#include "support/redis/server.hpp"

namespace penstock::bench {
namespace {

using testing::RedisServer;

// Throws unless the store remembers as many ends as there were tasks.
void verify_ends(RedisConnection& redis, std::size_t count) {
  std::size_t ends = 0;
  for (const char* key : {"{penstock:bench}:gone:0", "{penstock:bench}:gone:1"})
    ends += static_cast<std::size_t>(redis.number({"HLEN", key}) - redis.number({"HEXISTS", key, ""}));
  if (ends == count) return;
  throw std::runtime_error("the store remembers " + std::to_string(ends) + " of " + std::to_string(count) + " ends");
}

// From the producer's first call to the worker's last end, as the store has it; CPU of both, of the server, and
// when the producer was done.
Series ours(const RedisServer& server, std::size_t count) {
  RedisConnection redis(server.socket());
  redis.call({"FLUSHALL"});
  Child producer([&] {
    TaskManager tasks = TaskManager::open(on_redis(server.socket_url()));
    const std::int64_t start = now_ns();
    const Stopwatch watch;
    send(tasks, 0, count);
    return Series{double(start), double(now_ns()), watch.cpu()};
  });
  Ran ran(count);
  TaskManager tasks = TaskManager::open(on_redis(server.socket_url()));
  work(tasks, ran);
  const double server_cpu = redis.server_cpu();
  const Stopwatch watch;
  tasks.start();
  ran.wait();
  const auto end = double(now_ns());
  const double cpu = watch.cpu(), server_used = redis.server_cpu() - server_cpu;
  const Series produced = producer.finish();
  ran.verify();
  verify_ends(redis, count);
  verify_nothing_left(tasks);
  Series out = throughput(count, (end - produced[0]) / 1e9, cpu + produced[2]);
  out.push_back(server_used / double(count) * 1e4);
  out.push_back((produced[1] - produced[0]) / (end - produced[0]));
  out.push_back(double(tasks.metrics().exchanges));
  tasks.stop_graceful(Millis(10'000));
  return out;
}

std::string life_costs(const Columns& mine, const Columns& raw) {
  char text[200];
  std::snprintf(
      text, sizeof text,
      "CPU s per 10,000: client %.4f, server %.4f (ceiling %.4f, %.4f); %.0f exchanges; the producer was done "
      "after %.0f %% of the time",
      median(mine[1]), median(mine[2]), median(raw[1]), median(raw[2]), median(mine[4]), 100 * median(mine[3]));
  return text;
}

void against_ceiling(Report& report, const Columns& mine, const Columns& raw) {
  Row row{.id = "D1",
          .what = "whole life, producer and worker processes",
          .unit = "tasks/s",
          .values = mine[0],
          .ceilings = raw[0],
          .ceiling_name = "the fused scripts, 64 jobs a call, 8 calls in flight",
          .bar = ">= 0.5 x the fused scripts"};
  row.met = row.ratio() >= 0.5;
  row.note = life_costs(mine, raw);
  report.add(row);
  Row cpu{.id = "R4",
          .what = "client CPU per 10,000 tasks, whole life",
          .unit = "s",
          .values = mine[1],
          .ceilings = raw[1],
          .ceiling_name = "the fused scripts",
          .bar = "<= 0.1 s"};
  cpu.met = cpu.value() <= 0.1;
  report.add(cpu);
}

void against_peer(Report& report, const NodeQueue& peer, double factor, const Series& mine, const Columns* theirs) {
  char bar[60];
  std::snprintf(bar, sizeof bar, ">= %g x %s", factor, peer.name);
  Row row{.id = "D1", .what = std::string("whole life, against ") + peer.name, .unit = "tasks/s", .values = mine};
  row.bar = bar;
  if (theirs) {
    row.ceilings = (*theirs)[0];
    row.ceiling_name = peer.name;
    row.met = row.ratio() >= factor;
  } else {
    row.note = node_queues_wanted(peer);
  }
  report.add(row);
}

void logged_levels(Report& report, const Series& mine, const Columns& every_second, const Columns& always,
                   const Columns& raw_every_second, const Columns& raw_always) {
  const auto add = [&](const char* level, const Columns& kept, const Columns& raw, double least) {
    char bar[60], note[120];
    std::snprintf(bar, sizeof bar, ">= %g x without a log", least);
    std::snprintf(note, sizeof note, "%.2f x the fused scripts on such a server (%.0f tasks/s)",
                  median(ratios(kept[0], raw[0])), median(raw[0]));
    Row row{.id = "D4",
            .what = std::string("whole life, appendfsync ") + level,
            .unit = "tasks/s",
            .values = kept[0],
            .ceilings = mine,
            .ceiling_name = "ours without a log",
            .bar = bar,
            .note = note};
    row.met = row.ratio() >= least;
    report.add(row);
  };
  add("everysec", every_second, raw_every_second, 0.7);
  add("always", always, raw_always, 0.4);
}

}  // namespace

void whole_life(const Run& run, Report& report) {
  const std::size_t n = run.size(200'000, 1'000), jobs = run.size(20'000, 200);
  const std::string body(stored_size(), 'x');
  const RedisServer plain, every_second(logged("everysec")), always(logged("always"));
  std::vector<Side> sides{{"fused scripts", [&] { return RawJobs::life(plain.socket(), n, body); }},
                          {"ours", [&] { return ours(plain, n); }},
                          {"ours, everysec", [&] { return ours(every_second, n); }},
                          {"fused scripts, everysec", [&] { return RawJobs::life(every_second.socket(), n, body); }},
                          {"ours, always", [&] { return ours(always, n); }},
                          {"fused scripts, always", [&] { return RawJobs::life(always.socket(), n, body); }}};
  std::vector<std::size_t> peer_sides;
  for (const NodeQueue& peer : kNodeQueues) {
    const auto measured = whole_life_of(peer, plain.socket(), jobs);
    peer_sides.push_back(measured ? sides.size() : 0);
    if (measured) sides.push_back({peer.name, *measured});
  }
  const Rounds r = run.interleave(sides);
  const Columns &raw = r.sides[0], &mine = r.sides[1];
  against_ceiling(report, mine, raw);
  for (std::size_t i = 0; i < peer_sides.size(); ++i)
    against_peer(report, kNodeQueues[i], kNodeQueues[i].factor, mine[0],
                 peer_sides[i] ? &r.sides[peer_sides[i]] : nullptr);
  logged_levels(report, mine[0], r.sides[2], r.sides[4], r.sides[3], r.sides[5]);
  report.load(r.foreign);
}

}  // namespace penstock::bench
