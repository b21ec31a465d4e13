// Row C1: two managers in two processes on one file. One is killed in the middle of a handler; the other
// runs that task again within its lease and a second, by the store's clock, which the test moves by hand.
#include <cstring>
#include <iostream>
#include <random>

#include <penstock/penstock.hpp>

#include "torture/child.hpp"
#include "torture/folder.hpp"
#include "torture/options.hpp"
#include "torture/shared.hpp"
#include "torture/shared_clock.hpp"
#include "torture/signal.hpp"
#include "torture/tasks.hpp"
#include "torture/verdict.hpp"

namespace penstock::torture {
namespace {

constexpr Millis kLease{3'000};
constexpr int kNeighbours = 8;
constexpr Millis kStep{100};
constexpr int kGivenUp = 2'000;  // looks of 10 ms

struct Seen {  // of one task by one process
  std::atomic<std::int64_t> clock;
  std::atomic<std::uint64_t> epoch;
  std::atomic<std::uint32_t> starts, attempt, crashes;
};

struct Stage {
  std::array<char, 200> folder{};
  std::atomic<std::int64_t> clock;
  Signal inside, never;
  std::array<std::array<Seen, kNeighbours + 2>, 2> seen;  // by process and task
};

TaskManager open_manager(Stage& stage, Clock& clock) {
  penstock::Options o;
  o.threads = 2;
  o.log_level = Level::error;
  o.lease = kLease;
  o.clock = &clock;
  o.queues = {{std::string(kQueues[0]), 1}};
  o.backend = {.use = "sqlite"};
  o.backend.settings["path"] = std::string(stage.folder.data()) + "/a.db";
  return TaskManager::open(std::move(o));
}

// Task 0 never returns in the first process; that is where it dies.
int be_worker(int which, const std::string& path) {
  alarm(kStuckAfter);
  const Shared<Stage> stage(Shared<Stage>::As::found, path);
  SharedClock clock(stage->clock);
  TaskManager tasks = open_manager(*stage, clock);
  tasks.handle(Policy{.kind = "work"}, [&, which](Context& ctx) {
    const int task = number_of(ctx.task().id);
    Seen& seen = stage->seen[static_cast<std::size_t>(which)][static_cast<std::size_t>(task)];
    seen.clock = clock.moved().count();
    seen.epoch = ctx.task().epoch;
    seen.attempt = ctx.task().attempt;
    seen.crashes = ctx.task().crashes;
    ++seen.starts;
    if (which != 0 || task != 0) return;
    stage->inside.raise();
    stage->never.wait();
  });
  if (which == 1) return tasks.drain();
  tasks.start();
  stage->never.wait();
  return 1;
}

void expect(bool holds, Harm harm, const std::string& what) {
  if (!holds) throw Violation(harm, what);
}

// What the test sees of the store.
class Watched {
 public:
  Watched(const Place& place, SharedClock& clock) : host_(clock), store_(open_store(place, host_)) {}

  // Looks again whenever something may have changed, and from time to time, until `done`.
  template <class F>
  void until(F&& done) {
    for (;;) {
      const auto bell = store_->exchange({});
      if (!bell) throw std::runtime_error(bell.error().message);
      if (done()) return;
      if (auto rang = query<Waiter>(*store_)->wait(bell->bell, Millis(10)); !rang)
        throw std::runtime_error(rang.error().message);
    }
  }
  // Whether one task is leased, and all others have ended.
  bool one_left() {
    const auto counts = store_->counts();
    if (!counts) throw std::runtime_error(counts.error().message);
    auto in = [&](State s) { return counts->at(0).by_state[static_cast<std::size_t>(s)]; };
    return in(State::ready) == 0 && in(State::scheduled) == 0 && in(State::leased) == 1;
  }
  DurableBackend& store() { return *store_; }

 private:
  ClockHost host_;
  std::unique_ptr<DurableBackend> store_;
};

void take_over(const Scratch& scratch, std::mt19937_64& random) {
  const std::string path = scratch.fresh("stage") + "/stage";
  const Shared<Stage> stage(Shared<Stage>::As::made, path);
  const Place place{scratch.fresh("file"), ""};
  place.folder.copy(stage->folder.data(), stage->folder.size() - 1);
  SharedClock clock(stage->clock);
  {
    TaskManager producer = open_manager(*stage, clock);
    for (int i = 0; i <= kNeighbours; ++i) {
      EnqueueOptions options;
      options.queue = std::string(kQueues[0]);
      options.id = id_of(i);
      producer.enqueue_bytes({.kind = "work"}, "", options);
    }
  }
  Child first({"--worker", "0", path});
  stage->inside.wait();
  Child second({"--worker", "1", path});
  Watched watched(place, clock);
  watched.until([&] { return watched.one_left(); });  // so the second holds no lease that could be over as well
  clock.advance(Millis(random() % 1'000));            // the keeper of the first may extend its lease, or not yet
  first.kill();
  (void)first.wait();
  // In steps, as a claim that is under way while the clock moves by a lease counts as lost. Should that happen all the
  // same, on a machine that is very busy, time goes on once everything else would long be over.
  const Millis due = clock.moved() + kLease + Millis(1'000);
  int looks = 0;
  watched.until([&] {
    if (clock.moved() < due || ++looks > kGivenUp) clock.advance(kStep);
    return second.has_ended();
  });
  expect(second.wait().well(), Harm::stuck, "the second manager left something undone");

  const Seen &then = stage->seen[0][0], &again = stage->seen[1][0];
  expect(again.starts == 1, Harm::duplicate, "the task ran again " + std::to_string(again.starts) + " times");
  expect(again.epoch > then.epoch, Harm::duplicate, "its epoch did not rise");
  expect(Millis(again.clock - then.clock) >= kLease, Harm::duplicate, "it ran again before its lease was over");
  expect(again.crashes > 1 || Millis(again.clock) < due + kStep, Harm::stuck, "it ran later than a lease and a second");
  expect(again.crashes >= 1 && again.attempt == again.crashes + 1, Harm::corrupt, "the crash was not charged");
  for (std::size_t i = 1; i <= kNeighbours; ++i) {
    expect(stage->seen[0][i].starts + stage->seen[1][i].starts == 1, Harm::duplicate,
           "a neighbour ran twice, or never");
    expect(stage->seen[0][i].crashes + stage->seen[1][i].crashes == 0, Harm::corrupt, "a neighbour paid for the crash");
  }
  const Settlement late{.key = {kQueues[0], id_of(0)}, .epoch = then.epoch, .to = State::succeeded};
  const auto answer = watched.store().exchange({.settle = {&late, 1}});
  expect(answer && answer->settled.at(0) == Item::lease_lost, Harm::duplicate, "the dead process's ack would count");
}

bool torture(std::uint64_t rounds, std::uint64_t seed) {
  const Scratch scratch(Scratch::On::memory);
  Verdict verdict("kills");
  for (; verdict.faults < rounds && verdict.harmless(); ++seed) {
    try {
      std::mt19937_64 random(seed);
      take_over(scratch, random);
      ++verdict.faults;
    } catch (const std::exception& e) {
      verdict.add(e, "takeover --rounds 1 --seed " + std::to_string(seed));
    }
  }
  return verdict.report(std::to_string(verdict.faults) + " managers killed in a handler, taken over by another");
}

}  // namespace
}  // namespace penstock::torture

int main(int argc, char** argv) {
  using namespace penstock::torture;
  if (argc == 4 && std::strcmp(argv[1], "--worker") == 0) return be_worker(std::atoi(argv[2]), argv[3]);
  Options options(argc, argv);
  const auto rounds = options.get("rounds", 20, 500), seed = options.seed();
  options.finish();
  Score score;
  score.add(torture(rounds, seed));
  return score.end();
}
