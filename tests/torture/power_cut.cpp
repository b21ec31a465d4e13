// Cuts the power under a working store, again and again, and reads what is left: the store must be as
// after some call that it had answered, or after the one that was under way. At level `power` nothing
// that was answered may be missing; at level `process` the last calls may be, but never in part.
#include <iostream>

#include "support/cut_vfs.hpp"
#include "torture/folder.hpp"
#include "torture/ledger.hpp"
#include "torture/options.hpp"
#include "torture/raw_sqlite.hpp"

namespace penstock::torture {
namespace {

constexpr int kCutsPerLife = 8;  // a file is cut, repaired and used again

struct Tally {
  std::uint64_t cuts = 0, nested = 0, answered = 0, lost = 0, losing = 0, unsynced = 0, finished = 0;
};

// One file, from its creation on.
class Life {
 public:
  Life(testing::CutVfs& vfs, const Scratch& scratch, std::string level, std::uint64_t seed, Tally& tally)
      : vfs_(vfs), scratch_(scratch), level_(std::move(level)), random_(seed), tally_(tally) {}

  void run() {
    folder_ = scratch_.fresh("life");
    for (int i = 0; i < kCutsPerLife; ++i) {
      work();
      while (random_() % 4 == 0) cut_recovery();
      judge();
    }
  }

 private:
  // Runs calls until the power goes. The folder is then the image.
  void work() {
    history_ = {ledger_.facts()};
    flying_.reset();
    const std::string image = next_image();
    vfs_.heal();
    vfs_.cut_at(1 + random_() % 250, random_(), image);
    std::unique_ptr<DurableBackend> store = open_victim();
    while (store && !vfs_.was_cut()) {
      const Call call = invent(random_, ledger_.facts(), next_);
      const Result<Answer> answer = perform(*store, call);
      if (answer) {
        ledger_.acknowledge(call, *answer);
        ++tally_.answered;
        if (level_ == "process") history_.push_back(ledger_.facts());
      } else if (vfs_.was_cut()) {
        flying_ = call;
      } else {
        throw Violation("an error without a fault: " + answer.error().message);
      }
      time_.advance(Millis(random_() % 1500));
    }
    if (level_ == "power") history_ = {ledger_.facts()};
    store.reset();
    ++tally_.cuts;
    tally_.unsynced += vfs_.unsynced();
    folder_ = image;
  }

  // Opens what is left, and cuts the power again while that is being put right.
  void cut_recovery() {
    const std::string image = next_image();
    vfs_.heal();
    vfs_.cut_at(1 + random_() % 30, random_(), image);
    open_victim().reset();
    vfs_.cut_now();
    ++tally_.nested;
    folder_ = image;
  }

  std::unique_ptr<DurableBackend> open_victim() {
    try {
      return open_store({folder_, "cut", level_}, host_);
    } catch (const std::runtime_error& e) {
      if (!vfs_.was_cut()) throw Violation(std::string("cannot open: ") + e.what());
      return nullptr;
    }
  }

  void judge() {
    {
      std::unique_ptr<DurableBackend> store;
      try {
        store = open_store({folder_, "", level_}, host_);
      } catch (const std::runtime_error& e) {
        throw Violation(std::string("what is left cannot be opened: ") + e.what());
      }
      Result<Facts> left = read(*store, next_ - 1);
      if (!left) throw Violation("what is left cannot be read: " + left.error().message);
      settle_history(*left);
      ledger_.accept(*std::move(left), level_ == "process");
      check_counts(*store, ledger_.facts());
      for (int i = 0; i < 3; ++i) {  // what was settled stays so, epochs go on, and the counters follow
        const Call call = invent(random_, ledger_.facts(), next_);
        const Result<Answer> answer = perform(*store, call);
        if (!answer) throw Violation("an error after recovery: " + answer.error().message);
        ledger_.acknowledge(call, *answer);
      }
      check_counts(*store, ledger_.facts());
    }
    const std::string found = Raw(folder_ + "/a.db").integrity();
    if (found != "ok") throw Violation("integrity_check: " + found);
  }

  // Finds the answered call up to which everything is there.
  void settle_history(const Facts& left) {
    if (flying_ && Ledger::allows(history_.back(), left, ledger_.highest(), &*flying_)) {
      ++tally_.finished;
      return;
    }
    for (std::size_t lost = 0; lost < history_.size(); ++lost) {
      if (!Ledger::allows(history_[history_.size() - 1 - lost], left, ledger_.highest(), nullptr)) continue;
      tally_.lost += lost;
      tally_.losing += lost > 0;
      return;
    }
    throw Violation("what is left is not the state after any answered call: " + difference(history_.back(), left));
  }

  std::string next_image() { return scratch_.fresh(++images_ % 2 ? "image1" : "image2"); }

  testing::CutVfs& vfs_;
  const Scratch& scratch_;
  const std::string level_;
  std::mt19937_64 random_;
  Tally& tally_;
  testing::ManualTime time_;
  testing::TestHost host_{&time_};
  Ledger ledger_;
  std::vector<Facts> history_;  // after each answered call since the file was opened
  std::optional<Call> flying_;  // the call that got no answer
  std::string folder_;
  int next_ = 1, images_ = 0;
};

bool torture(const std::string& level, std::uint64_t cuts, std::uint64_t seed) {
  testing::CutVfs vfs("cut");
  const Scratch scratch(Scratch::On::memory);
  Tally tally;
  bool good = true;
  for (; tally.cuts < cuts && good; ++seed) {
    try {
      Life(vfs, scratch, level, seed, tally).run();
    } catch (const Violation& e) {
      std::cout << "VIOLATION at level " << level << ": " << e.what() << "\n  again: power_cut --" << level
                << " 1 --seed " << seed << "\n";
      good = false;
    }
  }
  std::cout << level << ": " << tally.cuts << " power cuts and " << tally.nested << " during recovery, with "
            << tally.unsynced << " writes in the air; " << tally.answered << " calls answered, " << tally.lost
            << " lost in " << tally.losing << " cuts; " << tally.finished << " calls done without an answer"
            << std::endl;
  return good && tally.cuts > 0 && tally.unsynced > 0 && (level == "process" || tally.lost == 0);
}

}  // namespace
}  // namespace penstock::torture

int main(int argc, char** argv) {
  using namespace penstock::torture;
  Options options(argc, argv);
  const auto cuts = options.get("cuts", 2000, 100'000), seed = options.seed();
  const auto power = options.get("power", cuts * 3 / 4, cuts * 3 / 4);
  const auto process = options.get("process", cuts / 4, cuts / 4);
  options.finish();
  Score score;
  if (power) score.add(torture("power", power, seed));
  if (process) score.add(torture("process", process, seed));
  return score.end();
}
