// Cuts the power under a working store, again and again, and reads what is left: the store must be as
// after some call that it had answered, or after the one that was under way. At level `power` nothing
// that was answered may be missing; at level `process` the last calls may be, but never in part.
#include <iostream>

#include "support/cut_vfs.hpp"
#include "torture/folder.hpp"
#include "torture/options.hpp"
#include "torture/witness.hpp"

namespace penstock::torture {
namespace {

constexpr int kCutsPerLife = 8;  // a file is cut, repaired and used again

struct Tally {
  std::uint64_t cuts = 0, nested = 0, answered = 0, undone = 0, unsynced = 0, finished = 0;
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
      const Witness::Found found = witness_.judge({folder_, "", level_}, random_);
      tally_.undone += found.lost;
      tally_.finished += found.finished;
    }
  }

 private:
  // Runs calls until the power goes. The folder is then the image.
  void work() {
    witness_.begin_life();
    const std::string image = next_image();
    vfs_.heal();
    vfs_.cut_at(1 + random_() % 250, random_(), image);
    std::unique_ptr<DurableBackend> store = open_victim();
    while (store && !vfs_.was_cut()) {
      const Call call = invent(random_, witness_.ledger.facts(), witness_.next);
      const Result<Answer> answer = perform(*store, call);
      if (answer) {
        witness_.ledger.acknowledge(call, *answer);
        ++tally_.answered;
        if (level_ == "power") witness_.history.clear();
        witness_.history.push_back(witness_.ledger.facts());
      } else if (vfs_.was_cut()) {
        witness_.flying = call;
      } else {
        throw Violation(Harm::stuck, "an error without a fault: " + answer.error().message);
      }
      witness_.time.advance(Millis(random_() % 1500));
    }
    store.reset();
    keep_notes(image);
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
    keep_notes(image);
    ++tally_.nested;
    folder_ = image;
  }

  // What the store notes beside the file is never synced: it may be gone, or as it was at the very last.
  void keep_notes(const std::string& image) {
    const std::string bell = folder_ + "/a.db-bell";
    if (level_ == "power" && random_() % 2 && fs::exists(bell)) fs::copy(bell, image + "/a.db-bell");
  }

  std::unique_ptr<DurableBackend> open_victim() {
    try {
      return open_store({folder_, "cut", level_}, witness_.host);
    } catch (const std::runtime_error& e) {
      if (!vfs_.was_cut()) throw Violation(Harm::stuck, std::string("cannot open: ") + e.what());
      return nullptr;
    }
  }

  std::string next_image() { return scratch_.fresh(++images_ % 2 ? "image1" : "image2"); }

  testing::CutVfs& vfs_;
  const Scratch& scratch_;
  const std::string level_;
  std::mt19937_64 random_;
  Tally& tally_;
  Witness witness_;
  std::string folder_;
  int images_ = 0;
};

bool torture(const std::string& level, std::uint64_t cuts, std::uint64_t seed) {
  testing::CutVfs vfs("cut");
  const Scratch scratch(Scratch::On::memory);
  Tally tally;
  Verdict verdict("cuts");
  for (; tally.cuts < cuts && verdict.harmless(); ++seed) {
    try {
      Life(vfs, scratch, level, seed, tally).run();
    } catch (const std::exception& e) {
      verdict.add(e, "power_cut --power 0 --process 0 --" + level + " 1 --seed " + std::to_string(seed));
    }
  }
  verdict.faults = tally.unsynced > 0 ? tally.cuts + tally.nested : 0;
  if (level == "power") verdict.add(Harm::lost, tally.undone);
  std::cout << level << ": " << tally.cuts << " power cuts and " << tally.nested << " during recovery, with "
            << tally.unsynced << " writes in the air; " << tally.answered << " calls answered, " << tally.finished
            << " done without an answer";
  if (level == "process") std::cout << ", " << tally.undone << " undone, as this level allows";
  std::cout << "\n";
  return verdict.report(level);
}

}  // namespace
}  // namespace penstock::torture

int main(int argc, char** argv) {
  using namespace penstock::torture;
  Options options(argc, argv);
  const auto cuts = options.get("cuts", 20'000, 1'000'000), seed = options.seed();
  const auto power = options.get("power", cuts * 3 / 4, cuts * 3 / 4);
  const auto process = options.get("process", cuts / 4, cuts / 4);
  options.finish();
  Score score;
  if (power) score.add(torture("power", power, seed));
  if (process) score.add(torture("process", process, seed));
  return score.end();
}
