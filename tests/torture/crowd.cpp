// Eight processes with two threads each on one file (S7, S8, S9): they enqueue, claim, settle, checkpoint,
// and hold the write lock at random; in a second round they are killed at random, too. Nobody is told that
// the file is busy, no checkpoint runs without the write lock, and all adds up in the end.
#include "torture/crowd.hpp"

#include <cstring>
#include <iostream>
#include <mutex>
#include <thread>

#include "torture/child.hpp"
#include "torture/folder.hpp"
#include "torture/ledger.hpp"
#include "torture/options.hpp"
#include "torture/shared.hpp"
#include "torture/shared_clock.hpp"

namespace penstock::torture {
namespace {

constexpr int kProcesses = 8;

class Round {
 public:
  Round(const Scratch& scratch, bool kills, std::uint64_t milliseconds, std::uint64_t seed)
      : crowd_path_(scratch.fresh("crowd") + "/crowd"),
        crowd_(Shared<Crowd>::As::made, crowd_path_),
        place_{scratch.fresh("file"), ""},
        seed_(seed) {
    place_.folder.copy(crowd_->folder.data(), crowd_->folder.size() - 1);
    crowd_->kills = kills;
    crowd_->milliseconds = milliseconds;
    crowd_->next = 1;
  }

  void run(Verdict& verdict) {
    let_them_work();
    verdict.faults += crowd_->locks;
    verdict.also["kills"] += killed_;
    verdict.add(Harm::duplicate, crowd_->duplicates);
    verdict.add(Harm::stuck, crowd_->busy);
    verdict.add(Harm::corrupt, crowd_->unlocked + crowd_->blocking);
    std::cout << crowd_->calls << " calls by " << kProcesses << " processes, the lock held " << crowd_->locks
              << " times by others, " << killed_ << " killed; " << crowd_->checkpoints << " checkpoints, "
              << crowd_->unlocked << " of them without the write lock, " << crowd_->blocking << " not passive; "
              << crowd_->busy << " calls told busy, " << crowd_->stale << " settlements too late\n";
    if (crowd_->checkpoints == 0) throw Violation(Harm::stuck, "there was no checkpoint to watch");
    drain();
    count_up();
  }

 private:
  void let_them_work() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(crowd_->milliseconds);
    std::vector<std::jthread> keepers;
    for (int i = 0; i < kProcesses; ++i) {
      keepers.emplace_back([this, end, i] {
        for (int life = 0; life == 0 || std::chrono::steady_clock::now() < end; ++life) {
          const std::string seed = std::to_string(seed_ * 1000 + static_cast<std::uint64_t>(i * 100 + life));
          const End ended = Child({"--member", crowd_path_, seed}).wait();
          const std::lock_guard lock(mutex_);
          killed_ += ended.killed();
          if (!ended.killed() && !ended.well() && wrong_.empty()) wrong_ = "a process " + ended.text();
          if (!ended.killed()) return;
        }
      });
    }
    keepers.clear();
    if (!wrong_.empty()) throw Violation(Harm::stuck, wrong_ + ": " + crowd_->complaint.text());
  }

  // Whatever is there runs to its end.
  void drain() {
    SharedClock clock(crowd_->clock);
    ClockHost host(clock);
    const auto store = open_store(place_, host);
    std::vector<Leased> held;
    for (int idle = 0; idle < 3;) {
      std::vector<Settlement> settle;
      for (const Leased& l : held) settle.push_back({.key = {l.queue, l.id}, .epoch = l.epoch, .to = State::succeeded});
      const Share claim[] = {{kQueues[0], 80}, {kQueues[1], 80}, {kQueues[2], 80}};
      auto done =
          store->exchange({.settle = settle, .claim = claim, .limit = 240, .lease = Millis(1000), .worker = "d"});
      if (!done) throw Violation(Harm::stuck, "drain: " + done.error().message);
      for (std::size_t i = 0; i < settle.size(); ++i) {
        if (done->settled[i] != Item::ok) throw Violation(Harm::stuck, "a task that nobody else has cannot end");
        if (++crowd_->task(number_of(settle[i].key.id)).ends > 1)
          throw Violation(Harm::duplicate, "task " + std::to_string(number_of(settle[i].key.id)) + " ended twice");
      }
      held = std::move(done->leased);
      if (held.empty()) clock.advance(Millis(2'000)), ++idle;
    }
  }

  void count_up() {
    SharedClock clock(crowd_->clock);
    ClockHost host(clock);
    {
      const auto store = open_store(place_, host);
      const int last = std::min<int>(crowd_->next, kCrowdTasks) - 1;
      const auto facts = read(*store, last);
      if (!facts) throw Violation(Harm::stuck, "read: " + facts.error().message);
      for (int n = 1; n <= last; ++n) {
        const Crowd::Task& task = crowd_->task(n);
        const auto f = facts->find(n);
        const std::string name = "task " + std::to_string(n);
        if (task.accepted && f == facts->end()) throw Violation(Harm::lost, name + " was accepted and is not there");
        if (f != facts->end() && !task.sent) throw Violation(Harm::corrupt, name + " is there and nobody sent it");
        if (f != facts->end() && !ended(f->second.state)) throw Violation(Harm::stuck, name + " never ended");
      }
      check_counts(*store, *facts);
      check_audit(*store);
    }
  }

  const std::string crowd_path_;
  const Shared<Crowd> crowd_;
  const Place place_;
  const std::uint64_t seed_;
  std::mutex mutex_;
  std::uint64_t killed_ = 0;
  std::string wrong_;
};

bool torture(bool kills, std::uint64_t milliseconds, std::uint64_t seed) {
  const Scratch scratch(Scratch::On::memory);
  const std::string name = kills ? "crowd, killed at random" : "crowd";
  Verdict verdict("held_locks");
  try {
    Round(scratch, kills, milliseconds, seed).run(verdict);
  } catch (const std::exception& e) {
    verdict.add(e, "crowd --seconds " + std::to_string(milliseconds / 1000) + " --seed " + std::to_string(seed) +
                       " (the seed fixes what each process does, not who comes first)");
  }
  const bool killed = verdict.also["kills"] > 0;
  if (kills && !killed) std::cout << "NOBODY WAS KILLED\n";
  return verdict.report(name) && (killed || !kills);
}

}  // namespace
}  // namespace penstock::torture

int main(int argc, char** argv) {
  using namespace penstock::torture;
  if (argc == 4 && std::strcmp(argv[1], "--member") == 0)
    return be_one_of_the_crowd(argv[2], std::strtoull(argv[3], nullptr, 10));
  Options options(argc, argv);
  const auto seconds = options.get("seconds", 6, 300), seed = options.seed();
  options.finish();
  Score score;
  score.add(torture(false, seconds * 1000, seed));
  score.add(torture(true, seconds * 1000, seed));
  return score.end();
}
