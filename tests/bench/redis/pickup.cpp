// L3: from the enqueue call to the first line of the handler, with nothing else to do.
#include "bench/lib/pickup.hpp"

#include <cstring>
#include <hiredis/hiredis.h>

#include "bench/lib/redis.hpp"
#include "bench/peers/node_queues.hpp"
#include "bench/redis/areas.hpp"
#include "support/redis/server.hpp"

namespace penstock::bench {
namespace {

using testing::RedisServer;
constexpr std::chrono::milliseconds kSeldom{5};  // between tasks

Options emptied(const RedisServer& server) {
  RedisConnection(server.socket()).call({"FLUSHALL"});
  return on_redis(server.socket_url());
}

// The least that can be: a push, and a pop that waits for it in another process.
Series list(const RedisServer& server, std::size_t count) {
  RedisConnection redis(server.socket());
  redis.call({"FLUSHALL"});
  Child producer([&] {
    RedisConnection pushing(server.socket());
    Ticker ticker(kSeldom);
    for (std::size_t i = 0; i < count; ++i) {
      ticker.wait();
      pushing.number({"LPUSH", "jobs", std::to_string(now_ns())});
    }
    return Series{};
  });
  std::vector<double> us;
  while (us.size() < count) {
    const RedisReply job = redis.call({"BRPOP", "jobs", "10"});
    const std::int64_t now = now_ns();
    if (job->elements != 2) throw std::runtime_error("ceiling: a job did not come");
    us.push_back(double(now - std::strtoll(job->element[1]->str, nullptr, 10)) / 1e3);
  }
  producer.finish();
  return latency(us);
}

void add(Report& report, const std::string& what, const Columns& mine, const Columns& least) {
  Row mid{.id = "L3", .what = what + ", p50", .unit = "us", .values = mine[0], .ceilings = least[0]};
  Row most{.id = "L3", .what = what + ", p99", .unit = "us", .values = mine[1], .ceilings = least[1]};
  mid.ceiling_name = most.ceiling_name = "a push, and a pop that waits for it";
  mid.bar = "<= 300 us";
  mid.met = mid.value() <= 300;
  most.bar = "<= 1500 us";
  most.met = most.value() <= 1500;
  report.add(mid);
  report.add(most);
}

}  // namespace

void pickup(const Run& run, Report& report) {
  const std::size_t n = run.size(600, 20);
  const RedisServer server;
  std::vector<Side> sides{{"list", [&] { return list(server, n); }},
                          {"same process", [&] { return pickup_here(emptied(server), kSeldom, n); }},
                          {"two processes", [&] { return pickup_apart(emptied(server), kSeldom, n); }}};
  std::vector<std::string> peers;
  for (const NodeQueue& peer : kNodeQueues) {
    if (const auto measured = pickup_of(peer, server.socket(), n)) {
      sides.push_back({peer.name, *measured});
      peers.emplace_back(peer.name);
    }
  }
  const Rounds r = run.interleave(sides);
  add(report, "idle pickup, same process", r.sides[1], r.sides[0]);
  add(report, "idle pickup, another process", r.sides[2], r.sides[0]);
  for (std::size_t i = 0; i < peers.size(); ++i) {
    const Columns& theirs = r.sides[3 + i];
    report.add({.id = "L3",
                .what = "idle pickup, another process, against " + peers[i] + ", p99",
                .unit = "us",
                .values = r.sides[2][1],
                .ceilings = theirs[1],
                .ceiling_name = peers[i],
                .bar = "none"});
  }
  report.load(r.foreign);
}

}  // namespace penstock::bench
