// Z3: whole lives with many worker processes on one store.
#include "bench/ceilings/raw_jobs.hpp"
#include "bench/ceilings/rw2.hpp"
#include "bench/ceilings/same_statements.hpp"
#include "bench/lib/whole_life.hpp"
#include "bench/scale/areas.hpp"
#include "support/redis/server.hpp"
#include "torture/folder.hpp"

namespace penstock::bench {
namespace {

using testing::RedisServer;

Series on_file(std::size_t count, std::size_t workers) {
  const torture::Scratch scratch(torture::Scratch::On::disk);
  const std::string path = scratch.fresh("z3") + "/tasks.db";
  make_store(path, false);
  return whole_life_apart(on_sqlite(path, false), count, workers);
}

Series on_server(const RedisServer& server, std::size_t count, std::size_t workers) {
  RedisConnection(server.socket()).call({"FLUSHALL"});
  return whole_life_apart(on_redis(server.socket_url()), count, workers);
}

void add(Report& report, const char* store, std::size_t workers, const Columns& mine, const Columns& ceiling,
         const char* ceiling_name) {
  Row row{.id = "Z3",
          .what = std::string("whole life, ") + store + ", worker processes: " + std::to_string(workers),
          .unit = "tasks/s",
          .values = mine[0],
          .ceilings = ceiling[0],
          .ceiling_name = ceiling_name,
          .bar = "none"};
  char note[80];
  std::snprintf(note, sizeof note, "CPU s per 10,000, producer and workers: %.4f", median(mine[1]));
  row.note = note;
  row.line = store;
  row.x = double(workers);
  report.add(row);
}

}  // namespace

void processes(const Run& run, Report& report) {
  const std::size_t n = run.size(100'000, 500);
  const std::string body(stored_size(), 'x');
  const RedisServer server;
  const std::vector<std::size_t> crews =
      run.smoke ? std::vector<std::size_t>{1, 2} : std::vector<std::size_t>{1, 2, 4, 8};
  std::vector<Side> sides{{"rw2", [=] { return rw2(n, body); }},
                          {"fused scripts", [&, n] { return RawJobs::life(server.socket(), n, body); }}};
  for (const std::size_t workers : crews) {
    sides.push_back({"SQLite", [=] { return on_file(n, workers); }});
    sides.push_back({"Redis", [&server, n, workers] { return on_server(server, n, workers); }});
  }
  const Rounds r = run.interleave(sides);
  for (std::size_t i = 0; i < crews.size(); ++i)
    add(report, "SQLite", crews[i], r.sides[2 + 2 * i], r.sides[0], "rw2, 256 per transaction, two connections");
  for (std::size_t i = 0; i < crews.size(); ++i)
    add(report, "Redis", crews[i], r.sides[3 + 2 * i], r.sides[1], "the fused scripts, 64 jobs a call, one connection");
  report.load(r.foreign);
}

}  // namespace penstock::bench
