// Concurrent histories (C3b): many real threads on one store enqueue, claim, settle and extend, with answers that are
// lost, leases that lapse and clients that die; each history is then judged. See history.hpp.
#include <atomic>
#include <functional>
#include <iostream>
#include <memory>
#include <random>
#include <thread>

#include "torture/folder.hpp"
#include "torture/options.hpp"
#include "torture/recorder.hpp"
#include "torture/verdict.hpp"
#if HISTORIES_ON_REDIS
#include "support/fault_proxy.hpp"
#include "support/redis/server.hpp"
#endif

extern "C" const penstock::PluginDescriptor* penstock_plugin_0_memory() noexcept;
extern "C" const penstock::PluginDescriptor* penstock_plugin_0_redis() noexcept;

namespace penstock::torture {
namespace {

// A store for one history, empty.
struct Ground {
  testing::ManualTime time;
  testing::TestHost host{&time};
  std::vector<std::unique_ptr<DurableBackend>> stores;
  std::shared_ptr<void> trouble{};  // what happens to them meanwhile
  bool still = false;               // `time` moves between their calls only
  // How far their clock has run ahead of `time`.
  std::function<Millis()> ahead = [] { return Millis(0); };
};
using Opener = std::function<void(Ground&, std::uint64_t seed)>;

Harm harm_of(const std::string& rule) {
  if (rule == "lost") return Harm::lost;
  if (rule == "stuck" || rule == "refused") return Harm::stuck;
  return rule == "unexpected" ? Harm::corrupt : Harm::duplicate;
}

bool record(const std::string& name, const Opener& open, std::uint64_t histories, std::uint64_t acts,
            std::uint64_t seed) {
  Verdict verdict("lost_answers");
  HistoryTally tally;
  Millis ahead{};
  for (; tally.histories < histories && verdict.harmless(); ++seed) {
    const std::string again = "histories --memory 0 --sqlite 0 --redis 0 --" + name + " 1 --acts " +
                              std::to_string(acts) + " --seed " + std::to_string(seed);
    try {
      Ground ground;
      open(ground, seed);
      std::vector<DurableBackend*> stores;
      for (const auto& s : ground.stores) stores.push_back(s.get());
      History history = Recorder({.acts = acts, .seed = seed, .still = ground.still}, ground.time).run(stores, tally);
      ground.trouble.reset();
      history.ahead = ground.ahead();
      ahead = std::max(ahead, history.ahead);
      for (const Anomaly& a : judge(history))
        verdict.add(Violation(harm_of(a.rule), a.rule + ": task " + std::to_string(a.task) + ": " + a.what), again);
      check_audit(*stores[0]);
    } catch (const std::exception& e) {
      verdict.add(e, again);
    }
  }
  verdict.faults = tally.unanswered;
  verdict.also = {{"histories", tally.histories}, {"history_acts", tally.acts}};
  std::cout << name << ": " << tally.histories << " histories of 8 clients, " << tally.acts << " acts; "
            << tally.unanswered << " calls without an answer, " << tally.forgotten << " clients died, " << tally.lapsed
            << " tasks taken over, " << tally.refused << " settlements too late; their clock at most " << ahead.count()
            << " ms ahead\n";
  return verdict.report(name) && tally.lapsed > 0 && tally.refused > 0;
}

void open_memory(Ground& ground, std::uint64_t) {
  ground.stores.push_back(testing::open_component<DurableBackend>(&penstock_plugin_0_memory, "memory", ground.host,
                                                                  {{"remember", std::string("365d")}}));
}

#if HISTORIES_ON_REDIS
// A network that does something to a connection every few thousand octets.
class Trouble {
 public:
  Trouble(testing::FaultProxy& network, std::uint64_t seed)
      : network_(network), random_(seed), thread_([this] { go_on(); }) {}
  ~Trouble() {
    over_ = true;
    network_.reset_all();
    thread_.join();
    network_.disarm();
  }

 private:
  void go_on() {
    using Kind = testing::NetworkFault::Kind;
    static constexpr Kind kKinds[] = {Kind::cut, Kind::reset, Kind::delay, Kind::duplicate};
    while (!over_) {
      const std::uint64_t next = network_.happened() + 1;
      network_.arm({.kind = kKinds[random_() % 4],
                    .at = random_() % 20'000,
                    .time = std::chrono::milliseconds(1 + random_() % 5)});
      network_.happens(next, std::chrono::steady_clock::now() + std::chrono::milliseconds(50));
    }
  }

  testing::FaultProxy& network_;
  std::mt19937_64 random_;
  std::atomic<bool> over_{false};
  std::thread thread_;
};

// Two processes' worth of connections.
class Redis {
 public:
  void open(Ground& ground, std::uint64_t seed) {
    server_.cli({"FLUSHALL"});
    for (int i = 0; i < 2; ++i) {
      ground.stores.push_back(
          testing::open_component<DurableBackend>(&penstock_plugin_0_redis, "redis", ground.host,
                                                  {{"url", "redis://127.0.0.1:" + std::to_string(network_.port())},
                                                   {"prefix", "h" + std::to_string(seed)},
                                                   {"clock", std::string("host")},
                                                   {"remember", std::string("365d")}}));
    }
    ground.trouble = std::make_shared<Trouble>(network_, seed);
    ground.still = true;
    ground.ahead = [this, prefix = "h" + std::to_string(seed)] { return ahead(prefix); };
  }

 private:
  // A lease clock that sees the time go back counts on from there (see the plugin's README). So does one that is called
  // in another order than that of the times that the calls name: here only when one arrives after it was given up.
  Millis ahead(const std::string& prefix) const {
    static constexpr const char* kSkew =
        "local c = redis.call('get', KEYS[1]) return c and string.format('%.0f', struct.unpack('<d', c, 25)) or '0'";
    Millis most{};
    for (const std::string_view queue : kQueues) {
      const std::string key = "{" + prefix + ":" + std::string(queue) + "}:c";
      most = std::max(most, Millis(std::stoll(server_.cli({"EVAL", kSkew, "1", key}))));
    }
    return most;
  }

  testing::RedisServer server_;
  testing::FaultProxy network_{server_.port()};
};
#endif

}  // namespace
}  // namespace penstock::torture

int main(int argc, char** argv) try {
  using namespace penstock::torture;
  Options options(argc, argv);
  const auto seed = options.seed(), acts = options.get("acts", 20'000, 20'000),
             memory = options.get("memory", 30, 1'000), sqlite = options.get("sqlite", 10, 500),
             redis = options.get("redis", 10, 500);
  options.finish();
  const Scratch scratch(Scratch::On::memory);
  Score score;
  if (memory) score.add(record("memory", open_memory, memory, acts, seed));
  if (sqlite) {
    const auto open = [&](Ground& ground, std::uint64_t) {
      const std::string folder = scratch.fresh("history");
      for (int i = 0; i < 2; ++i) ground.stores.push_back(open_store({folder, "", "process"}, ground.host));
    };
    score.add(record("sqlite", open, sqlite, acts, seed));
  }
#if HISTORIES_ON_REDIS
  if (redis) {
    Redis servers;
    score.add(record(
        "redis", [&](Ground& g, std::uint64_t s) { servers.open(g, s); }, redis, acts, seed));
  }
#else
  (void)redis;
#endif
  return score.end();
} catch (const std::exception& e) {
  std::cerr << argv[0] << ": " << e.what() << "\n";
  return 2;
}
