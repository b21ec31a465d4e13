// Z1: what a lease costs with many tasks waiting. Z2: what each of them takes.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "bench/lib/claims.hpp"
#include "bench/redis/lease_cost.hpp"
#include "bench/scale/areas.hpp"
#include "bench/sqlite/lease_cost.hpp"
#include "torture/folder.hpp"

namespace penstock::bench {
namespace {

using testing::RedisServer;

// Octets of this process in memory.
double resident() {
  double all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * double(sysconf(_SC_PAGESIZE));
}

// Microseconds per task of claims with so many tasks behind them; then the octets that each of these takes.
Series in_memory(std::size_t depth, std::size_t claims) {
  TaskManager tasks = TaskManager::open(on_memory());
  send(tasks, 0, kBulk);  // what is there only once is there now
  const double before = resident();
  send(tasks, 0, depth);
  const double octets = depth > 0 ? (resident() - before) / double(depth) : 0;
  return {claim_cost(tasks, claims, [&] { send(tasks, 0, kBulk); }), octets};
}

Series per_task(Series seconds_per_10k) {
  for (double& s : seconds_per_10k) s *= 100;
  return seconds_per_10k;  // microseconds
}

// Nothing but what is claimed waits, then 1,000, and ten times as many until there are so many.
std::vector<std::size_t> up_to(std::size_t most) {
  std::vector<std::size_t> out{0};
  for (std::size_t d = 1'000; d <= most; d *= 10) out.push_back(d);
  return out;
}

// A store of each sort, with so many tasks waiting.
struct Depth {
  std::size_t waiting;
  std::string name, path;
};

struct Sizes {
  Series redis, raw_redis, sqlite;  // octets per task
};

// With what has not got into the file itself yet.
double file_octets(const std::string& path) {
  std::error_code none;
  const auto log = std::filesystem::file_size(path + "-wal", none);
  return double(std::filesystem::file_size(path)) + (none ? 0 : double(log));
}

Sizes fill_all(const std::vector<Depth>& depths, const RedisServer& server, const std::string& body) {
  Sizes out;
  for (const Depth& d : depths) {
    const std::size_t count = d.waiting + kBulk;
    out.redis = {fill(server, d.name.c_str(), count)};
    out.raw_redis = {fill_raw(server, d.name.c_str(), count, body)};
    fill(d.path, count);
    out.sqlite = {file_octets(d.path) / double(count)};
  }
  return out;
}

struct Line {
  const char *name, *what, *ceiling;
};
constexpr Line kMemory{"memory", "claim, memory", nullptr};
constexpr Line kSqlite{"SQLite", "claim, SQLite NORMAL", "the same statements"};
constexpr Line kRedis{"Redis", "settle and claim, Redis, server's CPU", "the fused script, 256 jobs a call"};

void add(Report& report, const Line& line, std::size_t waiting, const Series& mine, const Series& first,
         const Series* ceiling) {
  Row row{.id = "Z1",
          .what = std::string(line.what) + ", " + std::to_string(waiting) + " waiting",
          .unit = "us",
          .values = mine,
          .bar = "none"};
  if (ceiling) {
    row.ceilings = *ceiling;
    row.ceiling_name = line.ceiling;
  }
  char note[80];
  std::snprintf(note, sizeof note, "per task; %.2f x that with nothing behind it", median(ratios(mine, first)));
  row.note = note;
  row.line = line.name;
  row.x = double(waiting);
  report.add(row);
}

void add_size(Report& report, const std::string& what, const Series& octets, const Series& ceiling = {}) {
  Row row{.id = "Z2", .what = what, .unit = "B", .values = octets, .ceilings = ceiling, .bar = "none"};
  if (!ceiling.empty()) row.ceiling_name = "a hash per job and a sorted set";
  report.add(row);
}

}  // namespace

void depths(const Run& run, Report& report) {
  const std::size_t claims = run.size(100, 3);
  const std::string body(stored_size(), 'x');
  const RedisServer server;
  const torture::Scratch scratch(torture::Scratch::On::disk);
  std::vector<Depth> depths;
  for (const std::size_t d : up_to(run.waiting())) {
    const std::string name = "d" + std::to_string(d);
    depths.push_back({d, name, scratch.fresh(name) + "/tasks.db"});
  }
  const Sizes sizes = fill_all(depths, server, body);
  std::vector<Side> sides;
  for (const Depth& d : depths) {
    const std::string prefix = d.name, path = d.path;
    sides.push_back({"memory", [=] { return in_memory(d.waiting, claims); }});
    sides.push_back({"SQLite, raw", [=] { return raw_lease_cost(path, claims); }});
    sides.push_back({"SQLite", [=] { return lease_cost(path, claims); }});
    sides.push_back(
        {"Redis, raw", [=, &server] { return per_task(raw_lease_cost(server, prefix.c_str(), claims, body)); }});
    sides.push_back({"Redis", [=, &server] { return per_task(lease_cost(server, prefix.c_str(), claims)); }});
  }
  const Rounds r = run.interleave(sides);
  const auto cost = [&](std::size_t depth, std::size_t side) -> const Series& { return r.sides[5 * depth + side][0]; };
  for (std::size_t i = 0; i < depths.size(); ++i)
    add(report, kMemory, depths[i].waiting, cost(i, 0), cost(0, 0), nullptr);
  for (std::size_t i = 0; i < depths.size(); ++i)
    add(report, kSqlite, depths[i].waiting, cost(i, 2), cost(0, 2), &cost(i, 1));
  for (std::size_t i = 0; i < depths.size(); ++i)
    add(report, kRedis, depths[i].waiting, cost(i, 4), cost(0, 4), &cost(i, 3));
  const std::string many = std::to_string(depths.back().waiting) + " wait, body " + std::to_string(body.size()) + " B";
  add_size(report, "a waiting task, memory: " + many, r.sides[5 * (depths.size() - 1)][1]);
  add_size(report, "a waiting task, SQLite's file: " + many, sizes.sqlite);
  add_size(report, "a waiting task, Redis: " + many, sizes.redis, sizes.raw_redis);
  report.load(r.foreign);
}

}  // namespace penstock::bench
