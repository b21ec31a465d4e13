// D6: the memory of a task that waits, and what the server spends on a lease with many waiting.
#include <cstdio>
#include <cstdlib>

#include "bench/ceilings/raw_jobs.hpp"
#include "bench/lib/tasks.hpp"
#include "bench/redis/areas.hpp"
#include "support/redis/server.hpp"

namespace penstock::bench {
namespace {

using testing::RedisServer;
constexpr std::size_t kShallow = 1'000;
constexpr const char *kDeepPrefix = "deep", *kShallowPrefix = "shallow";

Options with_prefix(const RedisServer& server, const char* prefix) {
  Options o = on_redis(server.socket_url());
  o.backend.settings["prefix"] = std::string(prefix);
  return o;
}

// Seconds of the server's CPU per 10,000 tasks for calls that each settle a batch and claim the next. What was claimed
// is replaced, so that as many wait as before.
Series ours(const RedisServer& server, const char* prefix, std::size_t claims) {
  RedisConnection redis(server.socket());
  TaskManager tasks = TaskManager::open(with_prefix(server, prefix));
  DurableBackend& store = tasks.backend();
  const Share share{kQueue, kBulk};
  std::vector<Settlement> ends;
  double spent = 0;
  for (std::size_t i = 0; i <= claims; ++i) {
    const double before = redis.server_cpu();
    auto done = store.exchange(
        {.settle = ends, .claim = {&share, 1}, .limit = kBulk, .lease = Millis(100'000), .worker = "bench"});
    if (i > 0) spent += redis.server_cpu() - before;  // the first has nothing to settle
    if (!done || done->leased.size() != kBulk) throw std::runtime_error("a claim came back short");
    for (const Item item : done->settled) {
      if (item != Item::ok) throw std::runtime_error("a settlement was refused");
    }
    ends.clear();
    for (const Leased& l : done->leased) ends.push_back({.key = {kQueue, l.id}, .epoch = l.epoch});
    send(tasks, 0, kBulk);
  }
  if (auto last = store.exchange({.settle = ends}); !last) throw std::runtime_error(last.error().message);
  return {spent / double(claims * kBulk) * 1e4};
}

Series raw(const RedisServer& server, const char* prefix, std::size_t claims, const std::string& body) {
  RawJobs jobs(server.socket(), std::string("raw-") + prefix, {kBulk, 1});
  double spent = 0;
  for (std::size_t i = 0; i <= claims; ++i) {
    const double step = jobs.step();
    if (i > 0) spent += step;
    jobs.fill(kBulk, body);
  }
  return {spent / double(claims * kBulk) * 1e4};
}

std::size_t waiting(const Run& run) {
  const char* asked = std::getenv("PENSTOCK_BENCH_WAITING");
  return asked ? std::strtoull(asked, nullptr, 10) : run.size(1'000'000, 4'000);
}

// Octets of the server's memory for each of so many tasks that wait.
double fill(const RedisServer& server, const char* prefix, std::size_t count) {
  RedisConnection redis(server.socket());
  const double before = redis.info("memory", "used_memory");
  in_child([&] {
    TaskManager tasks = TaskManager::open(with_prefix(server, prefix));
    send(tasks, 0, count);
    return Series{};
  });
  return (redis.info("memory", "used_memory") - before) / double(count);
}

double fill_raw(const RedisServer& server, const char* prefix, std::size_t count, const std::string& body) {
  RawJobs jobs(server.socket(), std::string("raw-") + prefix, RawJobs::kFused);
  const double before = jobs.connection().info("memory", "used_memory");
  jobs.fill(count, body);
  return (jobs.connection().info("memory", "used_memory") - before) / double(count);
}

}  // namespace

void depth(const Run& run, Report& report) {
  const std::size_t many = waiting(run), claims = run.size(200, 3);
  const std::string body(stored_size(), 'x');
  const RedisServer server;
  const double octets = fill(server, kDeepPrefix, many), raw_octets = fill_raw(server, kDeepPrefix, many, body);
  fill(server, kShallowPrefix, kShallow);
  fill_raw(server, kShallowPrefix, kShallow, body);
  Row memory{.id = "D6",
             .what = "server memory per waiting task, body " + std::to_string(body.size()) + " octets",
             .unit = "B",
             .values = {octets},
             .ceilings = {raw_octets},
             .ceiling_name = "a hash per job and a sorted set",
             .bar = "<= 420 B with a body of 100"};
  memory.met = octets - double(body.size()) + 100 <= 420;
  memory.note = std::to_string(many) + " wait; PENSTOCK_BENCH_WAITING sets how many";
  report.add(memory);
  const Rounds r = run.interleave({{"raw, shallow", [&] { return raw(server, kShallowPrefix, claims, body); }},
                                   {"raw, deep", [&] { return raw(server, kDeepPrefix, claims, body); }},
                                   {"ours, shallow", [&] { return ours(server, kShallowPrefix, claims); }},
                                   {"ours, deep", [&] { return ours(server, kDeepPrefix, claims); }}});
  Row row{.id = "D6",
          .what = "server's CPU to settle and claim, " + std::to_string(many) + " waiting",
          .unit = "s per 10,000",
          .values = r.sides[3][0],
          .ceilings = r.sides[1][0],
          .ceiling_name = "the fused script at that depth, 256 jobs a call",
          .bar = "<= the fused script (with 10,000,000)"};
  row.met = row.ratio() <= 1;
  char note[120];
  std::snprintf(note, sizeof note, "with 1,000 waiting: ours %.4f, the fused script %.4f", median(r.sides[2][0]),
                median(r.sides[0][0]));
  row.note = note;
  report.add(row);
  report.load(r.foreign);
}

}  // namespace penstock::bench
