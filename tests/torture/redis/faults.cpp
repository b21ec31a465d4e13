// What networks do between workers and their server, again and again and at any octet: delays, cuts, resets,
// half-open connections, replies that are lost or come twice (rows W9, W11, W12, R11, R12, R13); with scripts that the
// server forgets (R5), workers that are stopped past their lease, and calls of holders whose lease is over (W5).
#include <iostream>

#include "support/fault_proxy.hpp"
#include "support/redis/server.hpp"
#include "torture/redis/crew.hpp"
#include "torture/redis/program.hpp"
#include "torture/redis/straggler.hpp"

namespace penstock::torture {
namespace {

using testing::NetworkFault;
using Kind = NetworkFault::Kind;
using To = NetworkFault::To;

constexpr std::uint64_t kFaultsPerCrew = 100;
constexpr std::chrono::milliseconds kPatience{300};

struct FaultTally {
  std::array<std::uint64_t, 8> kinds{};
  std::uint64_t flushes = 0, pauses = 0, stale = 0, audits = 0;
  Lateness lateness;
};
constexpr const char* kKinds[] = {"delays", "cuts", "resets", "half-open", "swallowed", "twice"};

class Network {
 public:
  Network(std::uint64_t seed, FaultTally& counts, CrewTally& tally) : random_(seed), counts_(counts), tally_(tally) {
    direct_ = RedisPlace().set("prefix", "f" + std::to_string(seed)).set("remember", "1h");
    through_ = direct_;
    direct_.set("url", server_.url());
    through_.set("url", "redis://127.0.0.1:" + std::to_string(proxy_.port())).set("timeout", "300ms");
  }

  void run(std::uint64_t faults, Verdict& verdict) {
    Crew crew(scratch_, through_, direct_, random_());
    Straggler straggler(direct_, load_queue(static_cast<unsigned>(random_() % kLoadQueues)));
    crew.work(50);
    for (std::uint64_t i = 0; i < faults && crew.room(); ++i) {
      server_.cli({"SCRIPT", "FLUSH"}), ++counts_.flushes;
      if (random_() % 40 == 0) pause(crew);
      strike();
      ++verdict.faults;
      counts_.stale += straggler.act();
      if (i % 40 == 19) crew.audit(), ++counts_.audits;
      if (i % 10 == 9) crew.go_on(counts_.lateness);
    }
    proxy_.disarm();
    straggler.end();
    crew.go_on(counts_.lateness);
    crew.finish(tally_);
  }

 private:
  // A worker that stands still past its lease: what it says then is too late.
  void pause(Crew& crew) {
    const std::size_t which = random_() % Crew::kWorkers;
    crew.pause_worker(which);
    proxy_.disarm();
    proxy_.happens(UINT64_MAX, Crew::Clock::now() + kLoadLease + kPatience);
    crew.resume_worker(which);
    ++counts_.pauses;
  }

  // Waits until it has happened. One that is due at an octet to which nobody comes is put off to the next.
  void strike() {
    const std::uint64_t wanted = proxy_.happened() + 1;
    NetworkFault fault = invent();
    ++counts_.kinds[static_cast<std::size_t>(fault.kind)];
    const auto end = Crew::Clock::now() + Crew::kStuck;
    for (proxy_.arm(fault); !proxy_.happens(wanted, Crew::Clock::now() + kPatience); proxy_.arm(fault)) {
      fault.at = 0;
      if (Crew::Clock::now() > end) throw Violation(Harm::stuck, "nobody has said anything for a minute");
    }
  }

  // Replies are lost or come twice as a whole: no network loses octets out of the middle of a connection, and of a line
  // that is shorter by some nobody could tell.
  NetworkFault invent() {
    NetworkFault fault;
    fault.kind = static_cast<Kind>(random_() % std::size(kKinds));
    const bool of_replies = fault.kind == Kind::swallow || fault.kind == Kind::duplicate;
    fault.to = of_replies || random_() % 2 == 0 ? To::client : To::server;
    fault.at = random_() % (std::uint64_t{1} << random_() % 14);
    fault.time = std::chrono::milliseconds(1 + random_() % 500);  // some are longer than a call may take
    return fault;
  }

  const Scratch scratch_{Scratch::On::memory};
  testing::RedisServer server_{{"--appendonly", "no"}};
  testing::FaultProxy proxy_{server_.port()};
  RedisPlace direct_, through_;
  std::mt19937_64 random_;
  FaultTally& counts_;
  CrewTally& tally_;
};

bool torture(std::uint64_t faults, std::uint64_t seed) {
  Verdict verdict("proxy_faults");
  FaultTally counts;
  CrewTally tally;
  for (; verdict.faults < faults && verdict.harmless(); ++seed) {
    try {
      Network(seed, counts, tally).run(std::min(kFaultsPerCrew, faults - verdict.faults), verdict);
    } catch (const std::exception& e) {
      verdict.add(e, "redis_faults --faults " + std::to_string(kFaultsPerCrew) + " --seed " + std::to_string(seed) +
                         " (the seed fixes what is done, not who comes first)");
    }
  }
  verdict.also = {{"script_flushes", counts.flushes},
                  {"stopped_workers", counts.pauses},
                  {"stale_calls", counts.stale},
                  {"audits", counts.audits},
                  {"late", counts.lateness.late()}};
  std::cout << "network: " << verdict.faults << " faults (";
  for (std::size_t i = 0; i < std::size(kKinds); ++i)
    std::cout << (i ? ", " : "") << counts.kinds[i] << " " << kKinds[i];
  std::cout << "), " << counts.flushes << " times no scripts, " << counts.pauses
            << " workers stopped past their lease, " << counts.stale << " stale calls, none accepted; ";
  tally.print();
  return verdict.report("network") && counts.flushes > 0 && counts.stale > 0 && counts.lateness.passes();
}

}  // namespace
}  // namespace penstock::torture

int main(int argc, char** argv) {
  using namespace penstock::torture;
  return torture_program(argc, argv, [](Options& options, Score& score) {
    const auto faults = options.get("faults", 300, 10'000), seed = options.seed();
    options.finish();
    score.add(torture(faults, seed));
  });
}
