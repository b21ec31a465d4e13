// C1: kill -9 of a worker until another runs the task it had.
#include "bench/lib/clock.hpp"
#include "bench/lib/tasks.hpp"
#include "bench/process/program.hpp"
#include "bench/redis/areas.hpp"
#include "support/redis/server.hpp"

namespace penstock::bench {
namespace {

using testing::RedisServer;

Series seconds_until_it_runs(int lease_s) {
  const RedisServer server;
  const std::string url = server.socket_url(), lease = std::to_string(lease_s * 1000);
  in_child([&] {
    TaskManager tasks = TaskManager::open(on_redis(url));
    send(tasks, 0, 1);
    return Series{};
  });
  Program victim({"--worker", "hold", url, lease});
  victim.hear("ran");
  Program heir({"--worker", "work", url, lease});
  const std::int64_t killed = now_ns();
  victim.kill_hard();
  const double seconds = double(heir.hear("ran") - killed) / 1e9;
  heir.hear("idle");
  heir.kill_hard();
  in_child([&] {
    TaskManager tasks = TaskManager::open(on_redis(url));
    verify_nothing_left(tasks);
    return Series{};
  });
  return {seconds};
}

}  // namespace

void takeover(const Run& run, Report& report) {
  std::vector<int> leases{1};
  if (!run.smoke) leases.push_back(10);
  std::vector<Side> sides;
  for (const int lease : leases)
    sides.push_back({std::to_string(lease) + " s", [lease] { return seconds_until_it_runs(lease); }});
  const Rounds r = interleave(sides, run.rounds, false);
  for (std::size_t i = 0; i < leases.size(); ++i) {
    const std::string lease = std::to_string(leases[i]), most = std::to_string(leases[i] + 1);
    Row row{.id = "C1",
            .what = "kill -9 until the task runs elsewhere, lease " + lease + " s",
            .unit = "s",
            .values = r.sides[i][0],
            .bar = "<= " + most + " s (the lease + 1 s)"};
    row.met = row.value() <= leases[i] + 1;
    report.add(row);
  }
  report.load(r.foreign);
}

}  // namespace penstock::bench
