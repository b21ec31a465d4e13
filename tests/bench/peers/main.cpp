// P1 whole life and P2 idle pickup, ours on each store beside what others offer on the same. A peer that is not
// installed has a row that says so.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <sqlite3.h>

#include "bench/ceilings/raw_jobs.hpp"
#include "bench/ceilings/rw2.hpp"
#include "bench/ceilings/same_statements.hpp"
#include "bench/lib/pickup.hpp"
#include "bench/lib/report.hpp"
#include "bench/lib/whole_life.hpp"
#include "bench/peers/beanstalkd.hpp"
#include "bench/peers/node_queues.hpp"
#include "bench/peers/plainjob.hpp"
#include "bench/peers/python_queues.hpp"
#include "support/redis/server.hpp"
#include "torture/folder.hpp"

namespace penstock::bench {
namespace {

using testing::RedisServer;
constexpr std::chrono::milliseconds kSeldom{5};  // between tasks whose pickup is measured

// Ours on one store, and what else there is to say of it.
struct Ours {
  const char *id, *name;
  Measurement life, pickup;
  const char* ceiling_name = "";
  Measurement ceiling{};  // of the whole life; may be absent
};

struct Peer {
  std::string name, version;  // no version: it is not installed
  const char* beside;         // id of the store of ours that promises as much
  const char* how;
  Measurement life, pickup;
};

// Measures on a file that is there for this once.
Measurement on_file(std::function<Series(const std::string& path)> measure) {
  return [measure = std::move(measure)] {
    const torture::Scratch scratch(torture::Scratch::On::disk);
    return measure(scratch.fresh("peers") + "/tasks.db");
  };
}

Measurement on_emptied(const RedisServer& server, std::function<Series()> measure) {
  return [&server, measure = std::move(measure)] {
    RedisConnection(server.socket()).call({"FLUSHALL"});
    return measure();
  };
}

Ours our_file(const char* id, const char* name, bool full, std::size_t tasks, std::size_t pickups) {
  Ours ours{id, name, on_file([=](const std::string& path) {
              make_store(path, full);
              return whole_life_apart(on_sqlite(path, full), tasks, 1);
            }),
            on_file([=](const std::string& path) {
              make_store(path, full);
              return pickup_apart(on_sqlite(path, full), kSeldom, pickups);
            })};
  if (!full) {
    ours.ceiling_name = "rw2, 256 per transaction, two connections";
    ours.ceiling = [tasks, body = std::string(stored_size(), 'x')] { return rw2(tasks, body); };
  }
  return ours;
}

std::vector<Ours> all_ours(const Run& run, const RedisServer& server) {
  const std::size_t tasks = run.size(100'000, 500), pickups = run.size(400, 20);
  const std::string url = server.socket_url(), body(stored_size(), 'x');
  return {{"memory", "memory", [=] { return whole_life_here(on_memory(), tasks); },
           [=] { return pickup_here(on_memory(), kSeldom, pickups); }},
          our_file("full", "SQLite FULL", true, tasks, pickups),
          our_file("normal", "SQLite NORMAL", false, tasks, pickups),
          {"redis", "Redis", on_emptied(server, [=] { return whole_life_apart(on_redis(url), tasks, 1); }),
           on_emptied(server, [=] { return pickup_apart(on_redis(url), kSeldom, pickups); }),
           "the fused scripts, 64 jobs a call", [=, &server] { return RawJobs::life(server.socket(), tasks, body); }}};
}

Peer node_peer(const Run& run, const RedisServer& server, const NodeQueue& queue) {
  Peer peer{queue.name, node_version(queue), "redis", "16 at once", {}, {}};
  peer.life = whole_life_of(queue, server.socket(), run.size(20'000, 200)).value_or(nullptr);
  peer.pickup = pickup_of(queue, server.socket(), run.size(400, 20)).value_or(nullptr);
  return peer;
}

Peer python_peer(const Run& run, const RedisServer& server, const char* name, const char* how) {
  const std::size_t jobs = run.size(1'500, 20), pickups = run.size(200, 10);
  return {name,
          python_version(name),
          "redis",
          how,
          on_emptied(server, [=, &server] { return python_life(name, server.socket(), jobs); }),
          on_emptied(server, [=, &server] { return python_pickup(name, server.socket(), pickups); })};
}

std::vector<Peer> all_peers(const Run& run, const RedisServer& server) {
  std::vector<Peer> out;
  for (const NodeQueue& queue : kNodeQueues) out.push_back(node_peer(run, server, queue));
  out.push_back({"beanstalkd", beanstalkd_version(), "redis", "no log, 64 calls in flight",
                 [n = run.size(100'000, 500)] { return beanstalkd_life(n); },
                 [n = run.size(400, 20)] { return beanstalkd_pickup(n); }});
  out.push_back(python_peer(run, server, "celery", "two processes, 64 prefetched"));
  out.push_back(python_peer(run, server, "rq", "added in bulk, no fork per job"));
  const std::size_t jobs = run.size(1'500, 20), pickups = run.size(200, 10);
  out.push_back({"huey", python_version("huey"), "full", "fsync, polls every 10 to 100 ms",
                 on_file([=](const std::string& path) { return python_life("huey", path, jobs); }),
                 on_file([=](const std::string& path) { return python_pickup("huey", path, pickups); })});
  Peer plain{"plainjob", plainjob_version(), "normal", "added first, then worked off; polls", {}, {}};
  plain.life = plainjob(run.size(20'000, 200)).value_or(nullptr);
  out.push_back(plain);
  return out;
}

const Ours& beside(const std::vector<Ours>& ours, const Peer& peer) {
  for (const Ours& o : ours) {
    if (o.id == std::string_view(peer.beside)) return o;
  }
  throw std::logic_error("no store of ours is beside " + peer.name);
}

// What has been measured, by name.
class Table {
 public:
  void want(const std::string& name, const Measurement& measure) {
    if (measure) sides_.push_back({name, measure});
  }
  void measure(const Run& run) { rounds_ = run.interleave(sides_); }
  const Columns* of(const std::string& name) const {
    for (std::size_t i = 0; i < sides_.size(); ++i) {
      if (sides_[i].name == name) return &rounds_.sides[i];
    }
    return nullptr;
  }
  const Series& foreign() const { return rounds_.foreign; }

 private:
  std::vector<Side> sides_;
  Rounds rounds_;
};

void lives(const Run& run, Report& report, const std::vector<Ours>& ours, const std::vector<Peer>& peers) {
  Table table;
  for (const Ours& o : ours) {
    table.want(o.name, o.life);
    table.want(o.ceiling_name, o.ceiling);
  }
  for (const Peer& p : peers) {
    if (!p.version.empty()) table.want(p.name, p.life);
  }
  table.measure(run);
  const auto row = [&](const Ours& o, const std::string& against, const Columns* theirs, const std::string& note) {
    Row row{.id = "P1",
            .what = std::string("whole life, ") + o.name + against,
            .unit = "tasks/s",
            .values = (*table.of(o.name))[0],
            .bar = "none",
            .note = note};
    if (theirs) row.ceilings = (*theirs)[0];
    return row;
  };
  for (const Ours& o : ours) {
    Row r = row(o, "", table.of(o.ceiling_name), "");
    if (o.ceiling) r.ceiling_name = o.ceiling_name;
    report.add(r);
  }
  for (const Peer& p : peers) {
    const Columns* theirs = table.of(p.name);
    Row r = row(
        beside(ours, p), ", against " + p.name, theirs,
        theirs ? p.name + " " + p.version + ": " + p.how : p.name + " is not installed: ./dev bench peers --install");
    if (theirs) r.ceiling_name = p.name;
    report.add(r);
  }
  report.load(table.foreign());
}

void pickups(const Run& run, Report& report, const std::vector<Ours>& ours, const std::vector<Peer>& peers) {
  Table table;
  for (const Ours& o : ours) table.want(o.name, o.pickup);
  for (const Peer& p : peers) {
    if (!p.version.empty()) table.want(p.name, p.pickup);
  }
  table.measure(run);
  const auto row = [&](const Ours& o, const std::string& against, const Columns* theirs) {
    const Columns& mine = *table.of(o.name);
    Row row{.id = "P2",
            .what = std::string("idle pickup p50, ") + o.name + against,
            .unit = "us",
            .values = mine[0],
            .bar = "none"};
    char note[80];
    int end = std::snprintf(note, sizeof note, "p99 %.0f us", median(mine[1]));
    if (theirs) {
      row.ceilings = (*theirs)[0];
      std::snprintf(note + end, sizeof note - static_cast<std::size_t>(end), ", theirs %.0f", median((*theirs)[1]));
    }
    row.note = note;
    return row;
  };
  for (const Ours& o : ours) report.add(row(o, "", nullptr));
  for (const Peer& p : peers) {
    const Columns* theirs = table.of(p.name);
    if (!theirs) continue;
    Row r = row(beside(ours, p), ", against " + p.name, theirs);
    r.ceiling_name = p.name;
    report.add(r);
  }
  report.load(table.foreign());
}

void measure(const Run& run, Report& report) {
  const RedisServer server;
  report.version("SQLite", sqlite3_libversion());
  report.version("redis-server", redis_version());
  const std::vector<Ours> ours = all_ours(run, server);
  const std::vector<Peer> peers = all_peers(run, server);
  if (run.wants("P1")) lives(run, report, ours, peers);
  if (run.wants("P2")) pickups(run, report, ours, peers);
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) {
  setenv("PENSTOCK_PLUGIN_PATH", PENSTOCK_BENCH_MODULES, 1);
  return penstock::bench::run_area(argc, argv, "peers", penstock::bench::measure);
}
