// Servers that are several: slots of a Cluster that move under load (row R14), primaries of a Cluster and behind
// sentinels that are killed, or hang and wake as something else (R3, R4, R15), with replicas that must confirm
// (level `failover`), so that nothing that was answered may be missing.
#include "support/redis/cluster.hpp"

#include <algorithm>
#include <iostream>
#include <thread>

#include "support/redis/sentinels.hpp"
#include "torture/redis/crew.hpp"
#include "torture/redis/program.hpp"

namespace penstock::torture {
namespace {

using testing::RedisCluster;
using testing::RedisServer;
using testing::Sentinels;

constexpr std::uint64_t kPerCrew = 10;
std::vector<std::string> safe_words() {
  return {"--appendonly", "yes", "--appendfsync", "always", "--min-replicas-to-write", "1"};
}

// Until it is so, which takes programs to find out; throws Violation when that takes a minute.
template <class Predicate>
void until(const char* what, Predicate so) {
  for (const auto end = Crew::Clock::now() + Crew::kStuck; !so();) {
    if (Crew::Clock::now() > end) throw Violation(Harm::stuck, std::string("the servers never get there: ") + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

// False also when it does not answer: who is made a replica by sentinels ends its connections.
bool says(const RedisServer& server, const std::string& section, const std::string& text) {
  try {
    return server.cli({"INFO", section}).find(text) != std::string::npos;
  } catch (const std::runtime_error&) {
    return false;
  }
}

RedisPlace safe_place(const std::string& url, std::uint64_t seed) {
  return RedisPlace()
      .set("url", url)
      .set("prefix", "c" + std::to_string(seed))
      .set("durability", "failover")
      .set("timeout", "2s")
      .set("remember", "1h");
}

struct Done {
  std::uint64_t reshards = 0, failovers = 0;
  Lateness lateness;
};

// ---- a Cluster

class OnCluster {
 public:
  OnCluster(Done& done, CrewTally& tally) : done_(done), tally_(tally) {
    until("all primaries have their replicas", [&] {
      for (std::size_t i = 0; i < 3; ++i) {
        if (!says(servers_.node(i), "replication", "min_slaves_good_slaves:1")) return false;
      }
      return true;
    });
  }

  void run(std::uint64_t reshards, std::uint64_t failovers, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const RedisPlace place = safe_place(servers_.url(), seed).set("cluster", "true");
    Crew crew(scratch_, place, place, seed);
    crew.work(50);
    while ((reshards > 0 || failovers > 0) && crew.room()) {
      const auto queue = static_cast<unsigned>(random() % kLoadQueues);
      const unsigned slot = slot_of("c" + std::to_string(seed), queue);
      if (random() % (reshards + failovers) < reshards) {
        --reshards;
        reshard(crew, slot, random);
        ++done_.reshards;
      } else {
        --failovers;
        fail_over(servers_.owner(slot), random);
        ++done_.failovers;
      }
      crew.go_on(done_.lateness, queue);
      crew.work(20);
    }
    crew.finish(tally_);
  }

 private:
  unsigned slot_of(const std::string& prefix, unsigned queue) {
    return static_cast<unsigned>(
        std::stoul(servers_.node(0).cli({"CLUSTER", "KEYSLOT", "{" + prefix + ":" + load_queue(queue) + "}"})));
  }

  // In pieces, with work between them.
  void reshard(Crew& crew, unsigned slot, std::mt19937_64& random) {
    RedisServer& from = servers_.owner(slot);
    const std::vector<RedisServer*> all = servers_.masters();
    RedisServer* to = all[random() % all.size()];
    while (to == &from) to = all[random() % all.size()];
    servers_.begin_move(slot, from, *to);
    until("the slot is empty", [&] {
      servers_.move_keys(slot, from, *to, 1 + static_cast<unsigned>(random() % 20));
      if (random() % 4 == 0) crew.work(1);
      return from.cli({"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)}) == "0";
    });
    servers_.end_move(slot, from, *to);
    until("all know the new owner", [&] {
      for (std::size_t i = 0; i < servers_.size(); ++i) {
        if (&servers_.owner(slot, i) != to) return false;
      }
      return true;
    });
  }

  // A primary is gone, its replica takes over, and it comes back as the replica of that.
  void fail_over(RedisServer& victim, std::mt19937_64& random) {
    const bool hangs = random() % 3 == 0;
    if (hangs) {
      victim.freeze();
    } else {
      victim.kill();
    }
    until("another primary", [&] {
      const std::vector<RedisServer*> now = servers_.masters(&victim);
      return now.size() == 3 && std::find(now.begin(), now.end(), &victim) == now.end();
    });
    if (hangs) {
      victim.thaw();
    } else {
      victim.start();
    }
    until("the old primary is a replica", [&] { return says(victim, "replication", "master_link_status:up"); });
    until("each primary has its replica", [&] {
      for (RedisServer* primary : servers_.masters()) {
        if (!says(*primary, "replication", "min_slaves_good_slaves:1")) return false;
      }
      return true;
    });
  }

  const Scratch scratch_{Scratch::On::memory};
  RedisCluster servers_{safe_words()};
  Done& done_;
  CrewTally& tally_;
};

// ---- behind sentinels

class BehindSentinels {
 public:
  BehindSentinels(Done& done, CrewTally& tally) : done_(done), tally_(tally) {
    for (std::size_t i = 0; i < 3; ++i)
      servers_.cli(i, {"SENTINEL", "SET", Sentinels::kMaster, "failover-timeout", "500"});
    until("all is well", [&] { return settled(); });
  }

  void run(std::uint64_t failovers, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    RedisPlace place = safe_place(servers_.first().url(), seed).set("master", Sentinels::kMaster);
    for (const std::uint16_t port : servers_.ports()) place.set("sentinels", "127.0.0.1:" + std::to_string(port));
    // Most of the time passes until the sentinels have agreed: no need to keep all processors busy meanwhile.
    Crew crew(scratch_, place, place, seed, std::chrono::milliseconds(20));
    crew.work(50);
    for (; failovers > 0 && crew.room(); --failovers) {
      fail_over(random);
      ++done_.failovers;
      crew.go_on(done_.lateness);
      crew.work(20);
    }
    crew.finish(tally_);
  }

 private:
  // On a busy machine the sentinels may also change the primary by themselves: they are asked who it is.
  RedisServer& primary() { return named(0, servers_.first()) ? servers_.first() : servers_.second(); }
  RedisServer& other(const RedisServer& than) {
    return &than == &servers_.first() ? servers_.second() : servers_.first();
  }
  bool named(std::size_t sentinel, const RedisServer& server) const {
    const std::string answer = servers_.cli(sentinel, {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", Sentinels::kMaster});
    return answer.find(std::to_string(server.port())) != std::string::npos;
  }
  bool settled() {
    const RedisServer &first = primary(), &second = other(first);
    for (std::size_t i = 0; i < 3; ++i) {
      const std::string all = servers_.cli(i, {"SENTINEL", "REPLICAS", Sentinels::kMaster});
      if (!named(i, first) || all.find(std::to_string(second.port())) == std::string::npos ||
          all.find("s_down") != std::string::npos || all.find("master-link-status\nok") == std::string::npos)
        return false;
    }
    return says(first, "replication", "min_slaves_good_slaves:1") &&
           says(second, "replication", "master_link_status:up");
  }

  void fail_over(std::mt19937_64& random) {
    RedisServer &old = primary(), &next = other(old);
    const bool hangs = random() % 3 == 0;
    if (hangs) {
      old.freeze();
    } else {
      old.kill();
    }
    until("another primary", [&] { return named(0, next) && named(1, next) && named(2, next); });
    if (hangs) {
      old.thaw();  // it takes itself for the primary until the sentinels tell it
    } else {
      auto words = safe_words();
      words.insert(words.end(), {"--replicaof", "127.0.0.1 " + std::to_string(next.port())});
      old.set_more(words);
      old.start();
    }
    until("all is well again", [&] { return settled(); });
  }

  const Scratch scratch_{Scratch::On::memory};
  Sentinels servers_{safe_words()};
  Done& done_;
  CrewTally& tally_;
};

// ---- both

constexpr const char* kSeed = " (the seed fixes what is done, not who comes first)";

bool torture_cluster(std::uint64_t reshards, std::uint64_t failovers, std::uint64_t seed) {
  Verdict verdict(reshards > 0 ? "reshards" : "failovers");
  Done done;
  CrewTally tally;
  for (; (done.reshards < reshards || done.failovers < failovers) && verdict.harmless(); ++seed) {
    try {
      OnCluster(done, tally)
          .run(std::min(2 * kPerCrew, reshards - done.reshards), std::min(kPerCrew, failovers - done.failovers), seed);
    } catch (const std::exception& e) {
      verdict.add(e, "redis_cluster --sentinel 0 --reshards 20 --failovers 10 --seed " + std::to_string(seed) + kSeed);
    }
  }
  verdict.faults = reshards > 0 ? done.reshards : done.failovers;
  if (reshards > 0) verdict.also["failovers"] = done.failovers;
  verdict.also["late"] = done.lateness.late();
  std::cout << "cluster: " << done.reshards << " slots moved, " << done.failovers
            << " primaries lost; work went on later than 5 s after that " << done.lateness.late() << " times; ";
  tally.print();
  return verdict.report("cluster") && done.lateness.passes();
}

bool torture_sentinels(std::uint64_t failovers, std::uint64_t seed) {
  Verdict verdict("failovers");
  Done done;
  CrewTally tally;
  for (; done.failovers < failovers && verdict.harmless(); ++seed) {
    try {
      BehindSentinels(done, tally).run(std::min(kPerCrew, failovers - done.failovers), seed);
    } catch (const std::exception& e) {
      verdict.add(e, "redis_cluster --reshards 0 --failovers 0 --sentinel 10 --seed " + std::to_string(seed) + kSeed);
    }
  }
  verdict.faults = done.failovers;
  verdict.also["late"] = done.lateness.late();
  std::cout << "sentinels: " << done.failovers << " primaries lost; work went on later than 5 s after the switch "
            << done.lateness.late() << " times; ";
  tally.print();
  return verdict.report("sentinels") && done.lateness.passes();
}

}  // namespace
}  // namespace penstock::torture

int main(int argc, char** argv) {
  using namespace penstock::torture;
  return torture_program(argc, argv, [](Options& options, Score& score) {
    const auto reshards = options.get("reshards", 5, 100), failovers = options.get("failovers", 10, 100),
               sentinel = options.get("sentinel", 10, 100), seed = options.seed();
    options.finish();
    if (reshards + failovers > 0) score.add(torture_cluster(reshards, failovers, seed));
    if (sentinel > 0) score.add(torture_sentinels(sentinel, seed));
  });
}
