// D2: bulk enqueue, nobody working. D3: producers that each wait for their own call.
#include <cstdio>

#include "bench/ceilings/raw_jobs.hpp"
#include "bench/lib/press.hpp"
#include "bench/lib/tasks.hpp"
#include "bench/redis/areas.hpp"
#include "support/redis/server.hpp"

namespace penstock::bench {
namespace {

using testing::RedisServer;
constexpr std::size_t kProducers = 64;

// Tasks per second of what `put` puts in, and the CPU of it: the client's, the server's.
template <class Put>
Series measured(const RedisServer& server, std::size_t count, Put put) {
  RedisConnection redis(server.socket());
  redis.call({"FLUSHALL"});
  TaskManager tasks = TaskManager::open(on_redis(server.socket_url()));
  const double server_cpu = redis.server_cpu();
  const Stopwatch watch;
  put(tasks);
  Series out = throughput(count, watch.seconds(), watch.cpu());
  out.push_back((redis.server_cpu() - server_cpu) / double(count) * 1e4);
  const auto ready = tasks.counts().at(0).by_state[static_cast<std::size_t>(State::ready)];
  if (ready != count) throw std::runtime_error("the store counts " + std::to_string(ready) + " ready tasks");
  return out;
}

Series raw(const RedisServer& server, std::size_t count, const std::string& body, RawJobs::Shape shape) {
  RawJobs jobs(server.socket(), "", shape);
  jobs.connection().call({"FLUSHALL"});
  const double server_cpu = jobs.connection().server_cpu();
  const Stopwatch watch;
  jobs.fill(count, body);
  Series out = throughput(count, watch.seconds(), watch.cpu());
  out.push_back((jobs.connection().server_cpu() - server_cpu) / double(count) * 1e4);
  if (jobs.left() != count) throw std::runtime_error("ceiling: jobs are missing");
  return out;
}

std::string costs(const Columns& mine, const Columns& ceiling) {
  char text[120];
  std::snprintf(text, sizeof text, "CPU s per 10,000: client %.4f, server %.4f (ceiling %.4f, %.4f)", median(mine[1]),
                median(mine[2]), median(ceiling[1]), median(ceiling[2]));
  return text;
}

}  // namespace

void bulk_enqueue(const Run& run, Report& report) {
  const std::size_t n = run.size(300'000, 1'000);
  const std::string body(stored_size(), 'x');
  const RedisServer server;
  const Rounds r =
      run.interleave({{"raw", [&] { return raw(server, n, body, RawJobs::kFused); }},
                      {"ours", [&] { return measured(server, n, [&](TaskManager& tasks) { send(tasks, 0, n); }); }}});
  Row row{.id = "D2",
          .what = "bulk enqueue",
          .unit = "tasks/s",
          .values = r.sides[1][0],
          .ceilings = r.sides[0][0],
          .ceiling_name = "the raw script, 64 jobs a call, 8 calls in flight",
          .bar = ">= 0.7 x the raw script",
          .note = costs(r.sides[1], r.sides[0])};
  row.met = row.ratio() >= 0.7;
  report.add(row);
  report.load(r.foreign);
}

void producers(const Run& run, Report& report) {
  const std::size_t each = run.size(3'000, 20), n = kProducers * each;
  const std::string body(stored_size(), 'x');
  const RedisServer server;
  const auto one_by_one = [&](TaskManager& tasks) { press(kProducers, each, [&] { tasks.enqueue(Job{}); }); };
  const Rounds r = run.interleave({{"raw", [&] { return raw(server, n, body, RawJobs::kOneByOne); }},
                                   {"ours", [&] { return measured(server, n, one_by_one); }}});
  Row row{.id = "D3",
          .what = "64 threads enqueue one by one",
          .unit = "tasks/s",
          .values = r.sides[1][0],
          .ceilings = r.sides[0][0],
          .ceiling_name = "the raw script, a job a call, 64 calls in flight",
          .bar = ">= 40,000/s",
          .note = costs(r.sides[1], r.sides[0])};
  row.met = row.value() >= 40'000;
  report.add(row);
  report.load(r.foreign);
}

}  // namespace penstock::bench
