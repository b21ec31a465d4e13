// Z4: the size of an idle worker process. Z5: from its start to the end of its first task.
#include "bench/lib/redis.hpp"
#include "bench/process/life.hpp"
#include "bench/scale/areas.hpp"
#include "support/redis/server.hpp"
#include "torture/folder.hpp"

namespace penstock::bench {
namespace {

using testing::RedisServer;
using OfStore = Series (*)(const std::string& store);

Series on_file(OfStore measure) {
  const torture::Scratch scratch(torture::Scratch::On::disk);
  return measure(scratch.fresh("z4") + "/tasks.db");
}

Series on_server(const RedisServer& server, OfStore measure) {
  RedisConnection(server.socket()).call({"FLUSHALL"});
  return measure(server.socket_url());
}

}  // namespace

void programs(const Run& run, Report& report) {
  const RedisServer server;
  const Rounds r = run.interleave({{"SQLite, size", [] { return on_file(idle_size); }},
                                   {"Redis, size", [&] { return on_server(server, idle_size); }},
                                   {"SQLite, start", [] { return on_file(first_task); }},
                                   {"Redis, start", [&] { return on_server(server, first_task); }}});
  const auto add = [&](const char* id, const char* what, const char* unit, std::size_t side) {
    report.add({.id = id, .what = what, .unit = unit, .values = r.sides[side][0], .bar = "none"});
  };
  add("Z4", "RSS of an idle worker process, SQLite", "MiB", 0);
  add("Z4", "RSS of an idle worker process, Redis", "MiB", 1);
  add("Z5", "process start to first task done, SQLite", "ms", 2);
  add("Z5", "process start to first task done, Redis", "ms", 3);
  report.load(r.foreign);
}

}  // namespace penstock::bench
