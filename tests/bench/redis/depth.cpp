// D6: the memory of a task that waits, and what the server spends on a lease with many waiting.
#include <cstdio>

#include "bench/lib/tasks.hpp"
#include "bench/redis/areas.hpp"
#include "bench/redis/lease_cost.hpp"
#include "support/redis/server.hpp"

namespace penstock::bench {
namespace {

using testing::RedisServer;
constexpr std::size_t kShallow = 1'000;
constexpr const char *kDeepPrefix = "deep", *kShallowPrefix = "shallow";

}  // namespace

void depth(const Run& run, Report& report) {
  const std::size_t many = run.waiting(), claims = run.size(200, 3);
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
  const Rounds r =
      run.interleave({{"raw, shallow", [&] { return raw_lease_cost(server, kShallowPrefix, claims, body); }},
                      {"raw, deep", [&] { return raw_lease_cost(server, kDeepPrefix, claims, body); }},
                      {"ours, shallow", [&] { return lease_cost(server, kShallowPrefix, claims); }},
                      {"ours, deep", [&] { return lease_cost(server, kDeepPrefix, claims); }}});
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
