// Kills a process at work on a store with SIGKILL, again and again: at random moments, instead of an
// operation on a file, and on both sides of a call. Nothing changes on the disk between two operations,
// so a kill at each of them meets every state that a kill can leave; points named in the product would
// be fewer and would have to be kept. After each kill the store must be as after the last call that was
// answered, or after the one that was not.
#include <cstring>
#include <iostream>

#include "torture/child.hpp"
#include "torture/folder.hpp"
#include "torture/kill_victim.hpp"
#include "torture/options.hpp"
#include "torture/witness.hpp"

namespace penstock::torture {
namespace {

constexpr int kKillsPerFile = 10;

struct Tally {
  std::array<std::uint64_t, std::size(kKills)> kills{};
  std::uint64_t survived = 0, while_opening = 0, answered = 0, finished = 0;
  std::uint64_t all() const {
    std::uint64_t n = 0;
    for (const auto k : kills) n += k;
    return n;
  }
};

// One file, from its creation on.
class File {
 public:
  File(const Scratch& scratch, bool power, std::uint64_t seed, Tally& tally)
      : place_{scratch.fresh("file"), "", power ? "power" : "process"},
        diary_path_(scratch.fresh("diary") + "/diary"),
        random_(seed),
        tally_(tally) {}

  void run() {
    for (int i = 0; i < kKillsPerFile; ++i) {
      const Shared<Diary> diary(Shared<Diary>::As::made, diary_path_);
      give_orders(diary->orders);
      const End end = Child({"--victim", diary_path_}).wait();
      if (end.killed()) {
        ++tally_.kills[static_cast<std::size_t>(diary->orders.kill)];
        tally_.while_opening += diary->opened == 0;
      } else if (end.well()) {
        ++tally_.survived;
      } else {
        throw Violation(Harm::stuck, "the victim " + end.text() + ": " + diary->complaint.text());
      }
      witness_.begin_life();
      replay(*diary);
      tally_.finished += witness_.judge(place_, random_).finished;
    }
  }

 private:
  void give_orders(Orders& orders) {
    place_.folder.copy(orders.folder.data(), orders.folder.size() - 1);
    orders.power = place_.level == "power";
    orders.kill = static_cast<Kill>(random_() % std::size(kKills));
    // Opening takes about 100 operations and a few milliseconds: it gets its share of the kills.
    std::uint64_t most = 60;
    if (orders.kill == Kill::operation) most = std::uint64_t{2} << random_() % 11;
    if (orders.kill <= Kill::by_timer_on) most = std::uint64_t{500} << random_() % 7;
    orders.at = 1 + random_() % most;
    orders.seed = random_();
    orders.next = witness_.next;
    orders.clock = (witness_.time.boot() - testing::ManualTime().boot()).count();
  }

  // The same calls again, with the answers that the victim got.
  void replay(const Diary& diary) {
    std::mt19937_64 random(diary.orders.seed);
    DiaryReader answers(diary);
    for (std::uint32_t i = 0; i < diary.answered; ++i) {
      const Call call = invent(random, witness_.ledger.facts(), witness_.next);
      witness_.ledger.acknowledge(call, answers.next());
      witness_.time.advance(Millis(random() % 1500));
    }
    witness_.history = {witness_.ledger.facts()};
    if (diary.begun > diary.answered) {
      witness_.flying = invent(random, witness_.ledger.facts(), witness_.next);
    }
    tally_.answered += diary.answered;
  }

  const Place place_;
  const std::string diary_path_;
  std::mt19937_64 random_;
  Tally& tally_;
  Witness witness_;
};

bool torture(const std::string& level, std::uint64_t kills, std::uint64_t seed) {
  const Scratch scratch(Scratch::On::memory);
  Tally tally;
  Verdict verdict("kills");
  for (; tally.all() < kills && verdict.harmless(); ++seed) {
    try {
      File(scratch, level == "power", seed, tally).run();
    } catch (const std::exception& e) {
      verdict.add(e, "kill_loop --power 0 --process 0 --" + level + " 1 --seed " + std::to_string(seed));
    }
  }
  verdict.faults = tally.all();
  std::cout << level << ": " << tally.all() << " kills (";
  for (std::size_t i = 0; i < std::size(kKills); ++i)
    std::cout << (i ? ", " : "") << tally.kills[i] << " " << kKills[i];
  std::cout << "), " << tally.while_opening << " of them while opening, " << tally.survived << " victims survived; "
            << tally.answered << " calls answered, " << tally.finished << " done without an answer\n";
  return verdict.report(level);
}

}  // namespace
}  // namespace penstock::torture

int main(int argc, char** argv) {
  using namespace penstock::torture;
  if (argc == 3 && std::strcmp(argv[1], "--victim") == 0) return be_victim(argv[2]);
  Options options(argc, argv);
  const auto kills = options.get("kills", 1'000, 10'000), seed = options.seed();
  const auto power = options.get("power", kills / 2, kills / 2);
  const auto process = options.get("process", kills / 2, kills / 2);
  options.finish();
  Score score;
  if (power) score.add(torture("power", power, seed));
  if (process) score.add(torture("process", process, seed));
  return score.end();
}
