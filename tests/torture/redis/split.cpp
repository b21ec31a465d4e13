// Level `failover` at its edges. R3: a primary is killed while its replica is behind, and that takes over. R4: a
// replica that is cut off takes over while the old primary lives, and while some go on talking to it. What was answered
// `ok` is there, and holds; what was not is sent again with the same ids, and is there once.
#include <algorithm>
#include <iostream>
#include <set>

#include "torture/redis/answered.hpp"
#include "torture/redis/chain.hpp"
#include "torture/redis/hands.hpp"
#include "torture/redis/program.hpp"

namespace penstock::torture {
namespace {

using testing::NetworkFault;
using Kind = NetworkFault::Kind;
using To = NetworkFault::To;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kPerChain = 5;
constexpr std::uint32_t kAllProducers = Chain::kWays * Hands::kProducers;

struct Done {
  std::uint64_t failovers = 0, behind = 0, splits = 0;
  std::uint64_t unknown = 0, refused = 0;  // answers
  std::uint64_t tasks = 0, gone = 0;       // that the old primary had alone
  Lateness lateness;
};

class Split {
 public:
  Split(Done& done, std::uint64_t seed)
      : done_(done),
        random_(seed),
        prefix_("x" + std::to_string(seed)),
        hands_({place(0), place(1)}, answered_, seed) {}

  void run(std::uint64_t failovers, std::uint64_t splits) {
    while (failovers + splits > 0) {
      hands_.name_another_queue();
      if (random_() % (failovers + splits) < failovers) {
        --failovers;
        lose_primary();
      } else {
        --splits;
        split();
      }
      hands_.go_on(done_.lateness);
    }
    hands_.finish();
    check();
    for (std::size_t i = 0; i < Chain::kWays; ++i) {
      done_.unknown += hands_.way(i).unknown.count();
      done_.refused += hands_.way(i).refused.count();
    }
    done_.tasks += answered_.sent();
  }

 private:
  RedisPlace place(std::size_t way) const {
    return RedisPlace()
        .set("url", servers_.url(way))
        .set("prefix", prefix_)
        .set("durability", "failover")
        .set("timeout", "400ms")
        .set("remember", "1h");
  }

  // ---- row R3

  void lose_primary() {
    servers_.wait_for_replicas(std::chrono::hours(1));
    if (random_() % 2 == 0) strike({.kind = Kind::delay, .to = any_direction(), .time = some(300)});
    hands_.work(20 + some_of(60));
    done_.behind += hold();
    const std::uint32_t before = failed();
    // The first answer that each producer gets may be one that was on its way.
    hands_.await(hands_.put(), kAllProducers + 1 + some_of(8), "enqueues come back, while the link is held");
    const std::set<int> had = check();
    servers_.primary().kill();
    servers_.promote();
    ++done_.failovers;
    count_gone(had, check());
    if (failed() == before) throw Violation(Harm::stuck, "a replica did not follow, and nobody was told");
    for (std::size_t i = 0; i < Chain::kWays; ++i) servers_.lead(i);
    hands_.go_on(done_.lateness);
    servers_.mend(false);
  }

  // What the primary writes does not arrive any more (true), or what the replica says of it; the connection stays.
  bool hold() {
    if (random_() % 4 == 0) return servers_.link().part(), true;
    const To to = random_() % 6 == 0 ? To::server : To::client;
    strike({.kind = random_() % 2 ? Kind::half_open : Kind::delay, .to = to, .time = seconds(100)});
    return to == To::client;
  }

  // ---- row R4

  void split() {
    servers_.wait_for_replicas(seconds(1));
    hands_.work(20 + some_of(60));
    const bool silent = cut_off();
    hands_.cut_off(0), hands_.cut_off(1);
    const std::uint32_t before = unknown();
    hands_.await(hands_.put(), some_of(12), "enqueues come back, when the link is cut");
    servers_.promote();
    ++done_.splits;
    check();
    hands_.cut_off_no_more(1);
    servers_.lead(1);
    hands_.await(hands_.way(1).well, 10, "calls to the new primary are carried out");
    hands_.await(hands_.way(0).refused, 1, "the old primary refuses writes");
    if (silent && unknown() == before)
      throw Violation(Harm::stuck, "a primary was cut off, and told what it cannot know");
    const bool told_first = random_() % 2 == 0;  // the old primary, before its clients are
    if (told_first) servers_.mend(true);
    hands_.cut_off_no_more(0);
    servers_.lead(0);
    if (!told_first) servers_.mend(true);
    hands_.await(hands_.way(0).well, 10, "calls are carried out when all is well again");
    check();
  }

  // True: neither side is told, so that the primary has to find out by itself.
  bool cut_off() {
    const std::uint64_t how = random_() % 3;
    if (how > 0) strike({.kind = how == 1 ? Kind::half_open : Kind::cut, .to = any_direction()});
    servers_.link().part();
    return how < 2;
  }

  // ---- both

  std::uint32_t some_of(std::uint32_t most) { return static_cast<std::uint32_t>(random_() % most); }
  milliseconds some(std::uint32_t most) { return milliseconds(1 + some_of(most)); }
  To any_direction() { return random_() % 3 == 0 ? To::server : To::client; }
  std::uint32_t failed() const { return hands_.way(0).failed.count() + hands_.way(1).failed.count(); }
  std::uint32_t unknown() const { return hands_.way(0).unknown.count() + hands_.way(1).unknown.count(); }

  // At some octet of the link, or at the next one when nobody comes to it.
  void strike(NetworkFault fault) {
    testing::FaultProxy& link = servers_.link();
    const std::uint64_t wanted = link.happened() + 1;
    fault.at = some_of(1u << some_of(14));
    const auto end = Hands::Clock::now() + Crew::kStuck;
    for (link.arm(fault); !link.happens(wanted, Hands::Clock::now() + milliseconds(300)); link.arm(fault)) {
      fault.at = 0;
      if (Hands::Clock::now() > end) throw Violation(Harm::stuck, "nothing has passed to the replica for a minute");
    }
  }

  // The primary there is now has what was answered, and is sound. Returns what it has of all that was sent.
  std::set<int> check() {
    testing::TestHost host;
    const auto store = open_redis(RedisPlace().set("url", servers_.primary().url()).set("prefix", prefix_), host);
    std::set<int> there = answered_.check(*store);
    check_audit(*store);
    return there;
  }
  void count_gone(const std::set<int>& had, const std::set<int>& has) {
    for (const int task : had) done_.gone += !has.contains(task);
  }

  Done& done_;
  std::mt19937_64 random_;
  const std::string prefix_;
  Chain servers_;
  Answered answered_;
  Hands hands_;
};

bool torture(std::uint64_t failovers, std::uint64_t splits, std::uint64_t seed) {
  Verdict verdict(failovers > 0 ? "failovers" : "splits");
  Done done;
  for (; (done.failovers < failovers || done.splits < splits) && verdict.harmless(); ++seed) {
    const auto some_failovers = std::min(kPerChain, failovers - done.failovers),
               some_splits = std::min(kPerChain, splits - done.splits);
    try {
      Split(done, seed).run(some_failovers, some_splits);
    } catch (const std::exception& e) {
      verdict.add(e, "redis_split --failovers " + std::to_string(some_failovers) + " --splits " +
                         std::to_string(some_splits) + " --seed " + std::to_string(seed) +
                         " (the seed fixes what is done, not who comes first)");
    }
  }
  verdict.faults = failovers > 0 ? done.failovers : done.splits;
  verdict.also["late"] = done.lateness.late();
  if (failovers > 0) verdict.also["splits"] = done.splits;
  std::cout << "split: " << done.failovers << " primaries killed, " << done.behind << " with their replica behind, "
            << done.splits << " left alone while it took over; " << done.tasks << " tasks, " << done.gone
            << " gone with the old primary, " << done.unknown << " unknown outcomes, " << done.refused
            << " refusals; work went on later than 5 s after that " << done.lateness.late() << " times\n";
  const bool meant = !verdict.harmless() || done.behind == 0 || done.gone > 0;
  if (!meant) std::cout << "NO REPLICA WAS BEHIND\n";
  return verdict.report("split") && meant && done.lateness.passes();
}

}  // namespace
}  // namespace penstock::torture

int main(int argc, char** argv) {
  using namespace penstock::torture;
  return torture_program(argc, argv, [](Options& options, Score& score) {
    const auto failovers = options.get("failovers", 3, 200), splits = options.get("splits", 2, 200),
               seed = options.seed();
    options.finish();
    score.add(torture(failovers, splits, seed));
  });
}
