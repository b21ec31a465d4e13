// A real disk that gets full (S5): new tasks are refused and nothing of them is kept, tasks that are there
// can be claimed, ended and cancelled from the reserve, and all goes on by itself once there is room.
#include <iostream>

#include "torture/options.hpp"
#include "torture/small_disk.hpp"
#include "torture/witness.hpp"

namespace penstock::torture {
namespace {

struct Tally {
  std::uint64_t disks = 0, refused = 0, ended = 0;
};

// One disk, filled and emptied several times, the store open all the while.
class Disk {
 public:
  Disk(const Scratch& scratch, std::uint64_t seed, Tally& tally)
      : random_(seed), folder_(scratch.fresh("disk")), disk_(folder_, kib_), tally_(tally) {}

  void run() {
    place_ = {folder_, ""};
    {
      auto store = open_store(place_, witness_.host);
      for (int i = 0; i < 3; ++i) {
        until_full(*store);
        empty(*store);
        recover(*store);
      }
      if (random_() % 2) until_full(*store);
    }
    reopen_full();
    witness_.begin_life();
    disk_.free();
    disk_.grow(2 * kib_);
    witness_.judge(place_, random_);
    ++tally_.disks;
  }

 private:
  // Adds tasks until one is refused; by then, or before, others take what is left.
  void until_full(DurableBackend& store) {
    const auto patience = 1 + random_() % 80;
    for (std::uint64_t i = 0;; ++i) {
      if (i == patience) disk_.fill(random_() % 16);
      if (i > 10'000) throw Violation(Harm::stuck, "the disk does not get full");
      Call call;
      for (auto n = 1 + random_() % 20; n > 0; --n) call.tasks.push_back(witness_.next++);
      if (!make(store, call)) break;
    }
    disk_.fill(0);
  }

  // Ends everything, while new tasks stay refused.
  void empty(DurableBackend& store) {
    for (bool done = false; !done;) {
      Call call;
      call.kind = Call::Kind::exchange;
      call.limit = 3;
      done = true;
      std::vector<int> waiting;
      for (const auto& [task, f] : witness_.ledger.facts()) {
        done &= ended(f.state);
        if (f.state == State::ready) waiting.push_back(task);
        if (f.state != State::leased || call.says.size() > 50) continue;
        call.says.push_back({.task = task, .epoch = f.epoch, .note = random_() % 4 ? "" : "a note"});
        if (random_() % 8 == 0) call.says.back().to = State::dead, call.says.back().keep = kKeepForever;
      }
      if (!make(store, call)) throw Violation(Harm::stuck, "tasks cannot end on a full disk");
      tally_.ended += call.says.size();
      if (random_() % 4 == 0 && !waiting.empty()) {
        Call cancel;
        cancel.kind = Call::Kind::cancel;
        cancel.tasks = {waiting.back()};
        const Fact& f = witness_.ledger.facts().at(waiting.back());
        if (f.state == State::ready && !make(store, cancel)) throw Violation(Harm::stuck, "no cancel on a full disk");
      }
      if (random_() % 8 == 0) {
        Call more;
        more.tasks = {witness_.next++};
        (void)make(store, more);
      }
    }
    check_counts(store, witness_.ledger.facts());
  }

  // Room again: the very next call must go through.
  void recover(DurableBackend& store) {
    disk_.free();
    disk_.grow(kib_ += 300);
    Call call;
    call.tasks = {witness_.next++};
    if (!make(store, call)) throw Violation(Harm::stuck, "new tasks stay refused when there is room again");
  }

  // On a full disk opening may fail, with one clear error; it must not crash, nor harm the file. One that
  // does not fail can be used.
  void reopen_full() {
    for (const std::size_t left : {0, 4, 8, 40}) {
      for (const char* side : {"", "-bell", "-reserve", "-shm"}) {
        if (*side) fs::remove(place_.file() + side);
        disk_.fill(left);
        const auto store = create_store(place_, witness_.host);
        if (store) {
          Call claim;
          claim.kind = Call::Kind::exchange;
          claim.limit = 1;
          (void)make(**store, claim);  // whatever comes of it
          continue;
        }
        ++tally_.refused;
        const Error& e = store.error();
        if (e.code != Errc::resource_exhausted || e.message.find(place_.file()) == e.message.npos)
          throw Violation(Harm::stuck,
                          std::string("opening on a full disk is told ") + name(e.code) + ": " + e.message);
      }
    }
  }

  // False: refused for want of room.
  bool make(DurableBackend& store, const Call& call) {
    const auto answer = perform(store, call);
    if (answer) {
      witness_.ledger.acknowledge(call, *answer);
      return true;
    }
    if (answer.error().code != Errc::resource_exhausted || !answer.error().retryable)
      throw Violation(Harm::stuck,
                      std::string("a full disk is told ") + name(answer.error().code) + ": " + answer.error().message);
    ++tally_.refused;
    return false;
  }

  std::mt19937_64 random_;
  const std::string folder_;
  std::size_t kib_ = 900;
  SmallDisk disk_;
  Place place_;
  Tally& tally_;
  Witness witness_;
};

bool torture(std::uint64_t disks, std::uint64_t seed) {
  const Scratch scratch(Scratch::On::memory);
  Tally tally;
  Verdict verdict("full_disks");
  for (; tally.disks < disks && verdict.harmless(); ++seed) {
    try {
      Disk(scratch, seed, tally).run();
    } catch (const std::exception& e) {
      verdict.add(e, "disk_full --disks 1 --seed " + std::to_string(seed));
    }
  }
  verdict.faults = tally.refused;
  std::cout << tally.disks << " disks, filled 3 times each: " << tally.refused << " calls refused, " << tally.ended
            << " tasks ended meanwhile\n";
  return verdict.report("disk full");
}

}  // namespace
}  // namespace penstock::torture

int main(int argc, char** argv) {
  using namespace penstock::torture;
  Options options(argc, argv);
  const auto disks = options.get("disks", 8, 300), seed = options.seed();
  options.finish();
  Score score;
  if (const auto why = SmallDisk::unavailable()) {
    score.skip(*why);
  } else {
    score.add(torture(disks, seed));
  }
  return score.end();
}
