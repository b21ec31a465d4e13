// Kills what works on a Redis server, and the server itself. Workers: whole managers, at any moment, in a handler
// (row W1), before, in and after an octet that they send (W2, W3, W4), with a reply that they have not read, and
// after an ack; the clock is moved by hand, so no lease lapses but those of the dead. Servers: again and again under
// load, on the same port, with workers that are killed as well (R1, W13); here the time is real.
#include <algorithm>
#include <cstring>
#include <iostream>

#include "support/redis/server.hpp"
#include "torture/manager_lives.hpp"
#include "torture/redis/crew.hpp"
#include "torture/redis/program.hpp"
#include "torture/redis/wire.hpp"
#include "torture/tasks.hpp"

namespace penstock::torture {
namespace {

constexpr int kKillsPerStore = 10, kKillsPerCrew = 25;
constexpr Moment kOfAConnection[] = {Moment::any,    Moment::mid,  Moment::after_ack, Moment::after_put,
                                     Moment::unsent, Moment::torn, Moment::sent,      Moment::unread};

// ---- workers

RedisPlace by_hand(const std::string& url, const std::string& prefix) {
  return RedisPlace().set("url", url).set("prefix", prefix).set("clock", "host").set("remember", "365d");
}

void choose_store(const Scene& scene, penstock::Options& o) {
  o.backend = by_hand(scene.where.data(), scene.which.data()).choice();
  o.plugins = {penstock_plugin_0_redis};
}

JudgedStore new_store(testing::RedisServer& server, std::uint64_t seed) {
  server.cli({"FLUSHALL"});
  const std::string url = server.socket_url(), prefix = "k" + std::to_string(seed);
  return {.where = url, .which = prefix, .moments = kOfAConnection, .open = [place = by_hand(url, prefix)](Host& host) {
            return open_redis(place, host);
          }};
}

bool kill_workers(std::uint64_t kills, std::uint64_t seed) {
  const Scratch scratch(Scratch::On::memory);
  testing::RedisServer server;
  ManagerTally tally;
  Verdict verdict("kills");
  for (; verdict.faults < kills && verdict.harmless(); ++seed) {
    try {
      const auto left = std::min<std::uint64_t>(kKillsPerStore, kills - verdict.faults);
      ManagerLives(scratch, new_store(server, seed), seed, tally, verdict).run(static_cast<int>(left));
    } catch (const std::exception& e) {
      verdict.add(
          e, "redis_kills --restarts 0 --kills " + std::to_string(kKillsPerStore) + " --seed " + std::to_string(seed));
    }
  }
  tally.print("workers", verdict.faults);
  return verdict.report("workers");
}

// ---- servers

class Servers {
 public:
  Servers(Verdict& verdict, CrewTally& tally, Lateness& lateness)
      : verdict_(verdict), tally_(tally), lateness_(lateness) {}

  // One crew, and that many ends of its server.
  void run(std::uint64_t kills, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const RedisPlace place = RedisPlace()
                                 .set("url", random() % 2 ? server_.url() : server_.socket_url())
                                 .set("prefix", "s" + std::to_string(seed))
                                 .set("durability", "power")
                                 .set("timeout", "2s")
                                 .set("remember", "1h");
    Crew crew(scratch_, place, place, seed);
    for (std::uint64_t i = 0; i < kills && crew.room(); ++i) {
      crew.work(1 + static_cast<std::uint32_t>(random() % 60));
      const bool worker_too = random() % 4 == 0;
      server_.kill();
      ++verdict_.faults;
      if (worker_too) crew.kill_worker(random() % Crew::kWorkers), ++verdict_.also["kills"];
      server_.start();
      crew.go_on(lateness_);
    }
    crew.finish(tally_);
  }

 private:
  const Scratch scratch_{Scratch::On::memory};
  // Its file is written anew now and then, so that kills meet that as well.
  testing::RedisServer server_{
      {"--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-min-size", "256kb"}};
  Verdict& verdict_;
  CrewTally& tally_;
  Lateness& lateness_;
};

bool kill_servers(std::uint64_t restarts, std::uint64_t seed) {
  Verdict verdict("restarts");
  CrewTally tally;
  Lateness lateness;
  while (verdict.faults < restarts && verdict.harmless()) {
    try {
      Servers servers(verdict, tally, lateness);
      for (int crews = 0; crews < 10 && verdict.faults < restarts; ++crews, ++seed)
        servers.run(std::min<std::uint64_t>(kKillsPerCrew, restarts - verdict.faults), seed);
    } catch (const std::exception& e) {
      verdict.add(e, "redis_kills --kills 0 --restarts " + std::to_string(kKillsPerCrew) + " --seed " +
                         std::to_string(seed) + " (the seed fixes what is done, not who comes first)");
    }
  }
  verdict.also["late"] = lateness.late();
  std::cout << "servers: " << verdict.faults << " killed and started again, " << verdict.also["kills"]
            << " workers with them; work went on later than 5 s after the start " << lateness.late() << " times; ";
  tally.print();
  return verdict.report("servers") && lateness.passes();
}

}  // namespace
}  // namespace penstock::torture

int main(int argc, char** argv) {
  using namespace penstock::torture;
  if (argc == 3 && std::strcmp(argv[1], "--victim") == 0)
    return be_manager_victim(argv[2], {.choose = choose_store, .arm = die_at_the_wire});
  return torture_program(argc, argv, [](Options& options, Score& score) {
    const auto kills = options.get("kills", 1'000, 10'000), restarts = options.get("restarts", 100, 1'000),
               seed = options.seed();
    options.finish();
    if (kills) score.add(kill_workers(kills, seed));
    if (restarts) score.add(kill_servers(restarts, seed));
  });
}
