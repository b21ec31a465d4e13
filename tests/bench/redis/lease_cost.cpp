#include "bench/redis/lease_cost.hpp"

#include "bench/ceilings/raw_jobs.hpp"
#include "bench/lib/child.hpp"
#include "bench/lib/tasks.hpp"

namespace penstock::bench {
namespace {

Options with_prefix(const testing::RedisServer& server, const char* prefix) {
  Options o = on_redis(server.socket_url());
  o.backend.settings["prefix"] = std::string(prefix);
  return o;
}

}  // namespace

Series lease_cost(const testing::RedisServer& server, const char* prefix, std::size_t claims) {
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

Series raw_lease_cost(const testing::RedisServer& server, const char* prefix, std::size_t claims,
                      const std::string& body) {
  RawJobs jobs(server.socket(), std::string("raw-") + prefix, {kBulk, 1});
  double spent = 0;
  for (std::size_t i = 0; i <= claims; ++i) {
    const double step = jobs.step();
    if (i > 0) spent += step;
    jobs.fill(kBulk, body);
  }
  return {spent / double(claims * kBulk) * 1e4};
}

double fill(const testing::RedisServer& server, const char* prefix, std::size_t count) {
  RedisConnection redis(server.socket());
  const double before = redis.info("memory", "used_memory");
  in_child([&] {
    TaskManager tasks = TaskManager::open(with_prefix(server, prefix));
    send(tasks, 0, count);
    return Series{};
  });
  return (redis.info("memory", "used_memory") - before) / double(count);
}

double fill_raw(const testing::RedisServer& server, const char* prefix, std::size_t count, const std::string& body) {
  RawJobs jobs(server.socket(), std::string("raw-") + prefix, RawJobs::kFused);
  const double before = jobs.connection().info("memory", "used_memory");
  jobs.fill(count, body);
  return (jobs.connection().info("memory", "used_memory") - before) / double(count);
}

}  // namespace penstock::bench
