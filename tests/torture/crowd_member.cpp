#include <chrono>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "support/lock_watch.hpp"
#include "torture/child.hpp"
#include "torture/crowd.hpp"
#include "torture/raw_sqlite.hpp"
#include "torture/shared.hpp"
#include "torture/shared_clock.hpp"
#include "torture/tasks.hpp"

namespace penstock::torture {
namespace {

// One thread's life: it enqueues, claims, settles in time or too late, cancels, looks, and sometimes
// holds the write lock for a while as another program might.
class Member {
 public:
  Member(Crowd& crowd, DurableBackend& store, SharedClock& clock, std::uint64_t seed)
      : crowd_(crowd), store_(store), clock_(clock), random_(seed) {}

  void act() {
    const auto roll = random_() % 100;
    if (roll < 25) {
      enqueue();
    } else if (roll < 80) {
      exchange();
    } else if (roll < 86) {
      cancel();
    } else if (roll < 92) {
      const TaskKey key = key_of(some_task());
      answered(store_.get({&key, 1}));
    } else if (roll < 94) {
      answered(store_.counts());
    } else if (roll < 99) {
      const auto state = static_cast<State>(static_cast<int>(State::succeeded) + static_cast<int>(random_() % 3));
      answered(store_.trim({.queue = kQueues[random_() % 3], .state = state, .count = 50}));
    } else {
      hold_the_lock();
    }
    clock_.advance(Millis(random_() % 10));
  }

 private:
  int some_task() { return 1 + static_cast<int>(random_() % static_cast<std::uint64_t>(crowd_.next)); }

  template <class T>
  bool answered(const Result<T>& result) {
    ++crowd_.calls;
    if (result) return true;
    const std::string& why = result.error().message;
    if (why.find("(sqlite 5") == why.npos && why.find("(sqlite 6)") == why.npos) throw std::runtime_error(why);
    ++crowd_.busy;
    return false;
  }

  void enqueue() {
    const int count = 1 + static_cast<int>(random_() % 20), first = crowd_.next.fetch_add(count);
    if (first + count >= kCrowdTasks) return;
    std::vector<std::string> bodies;
    std::vector<NewTask> tasks;
    for (int n = first; n < first + count; ++n) bodies.push_back(body_of(n)), crowd_.task(n).sent = 1;
    for (int n = first; n < first + count; ++n) {
      tasks.push_back({.key = key_of(n), .body = bodies[static_cast<std::size_t>(n - first)], .kind = "work"});
      tasks.back().delay = Millis(random_() % 4 ? 0 : random_() % 300);
    }
    const auto admitted = store_.enqueue(tasks, nullptr);
    if (!answered(admitted)) return;
    for (int n = first; n < first + count; ++n) {
      if ((*admitted)[static_cast<std::size_t>(n - first)].what != Item::ok)
        throw std::runtime_error("a new task is refused");
      crowd_.task(n).accepted = 1;
    }
  }

  void exchange() {
    std::vector<Settlement> settle;
    std::vector<Held> extend;
    std::vector<bool> superseded;  // somebody has been given a later epoch already
    std::vector<Leased> keep;
    for (Leased& l : held_) {
      const auto luck = random_() % 16;
      if (luck < 3) {
        if (luck < 1) extend.push_back({l.queue, l.epoch});
        keep.push_back(l);
        continue;
      }
      Settlement s{.key = {l.queue, l.id},
                   .epoch = l.epoch,
                   .to = luck < 5   ? State::ready
                         : luck < 6 ? State::dead
                                    : State::succeeded};
      if (luck % 4 == 0 && ended(s.to)) s.keep = kKeepForever;
      if (s.to == State::ready) s.delay = Millis(random_() % 200);
      settle.push_back(s);
      superseded.push_back(crowd_.task(number_of(l.id)).epoch > l.epoch);
    }
    const Share claim[] = {{kQueues[0], 7}, {kQueues[1], 7}, {kQueues[2], 7}};
    Exchange x{.settle = settle, .extend = extend, .claim = claim, .begin = 3, .worker = "crowd"};
    x.limit = static_cast<std::uint32_t>(random_() % 24);
    x.lease = Millis(100 + random_() % 1500);
    const auto done = store_.exchange(x);
    if (!answered(done)) return;
    for (std::size_t i = 0; i < settle.size(); ++i) {
      const Item item = done->settled[i];
      crowd_.stale += item == Item::lease_lost;
      if (item != Item::ok && item != Item::requested) continue;
      if (superseded[i]) ++crowd_.duplicates;
      if (ended(settle[i].to) || item == Item::requested) ended_now(number_of(settle[i].key.id));
    }
    held_ = std::move(keep);
    for (const Leased& l : done->leased) {
      if (l.body != body_of(number_of(l.id))) throw std::runtime_error("a body came back changed");
      auto& epoch = crowd_.task(number_of(l.id)).epoch;
      for (auto seen = epoch.load(); seen < l.epoch && !epoch.compare_exchange_weak(seen, l.epoch);) {
      }
      held_.push_back(l);
    }
  }

  void cancel() {
    const int task = some_task();
    const TaskKey key = key_of(task);
    const auto done = store_.cancel({&key, 1});
    if (answered(done) && done->at(0) == Item::ok) ended_now(task);
  }

  void ended_now(int task) { crowd_.duplicates += ++crowd_.task(task).ends > 1; }

  void hold_the_lock() {
    Raw holder(std::string(crowd_.folder.data()) + "/a.db", "watch");
    if (holder.run("BEGIN IMMEDIATE") != SQLITE_OK) return;
    ++crowd_.locks;
    for (auto n = random_() % 20; n > 0; --n) holder.ask("SELECT sum(length(body)) FROM penstock_task");
    holder.run("ROLLBACK");
  }

  Crowd& crowd_;
  DurableBackend& store_;
  SharedClock& clock_;
  std::mt19937_64 random_;
  std::vector<Leased> held_;
};

void live(Crowd& crowd, std::uint64_t seed) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(crowd.milliseconds);
  std::mt19937_64 random(seed);
  if (crowd.kills) kill_me_in(20'000 + random() % 400'000);
  testing::LockWatch watch("watch");
  SharedClock clock(crowd.clock);
  ClockHost host(clock);
  {
    const auto store = open_store({crowd.folder.data(), "watch", random() % 2 ? "power" : "process"}, host);
    std::atomic<bool> failed{false};
    std::mutex telling;
    std::array<std::uint64_t, 3> told{};
    // Told as it happens: who is killed tells nothing at the end.
    const auto tell = [&] {
      const std::lock_guard lock(telling);
      crowd.checkpoints += watch.checkpoints() - std::exchange(told[0], watch.checkpoints());
      crowd.unlocked += watch.unlocked() - std::exchange(told[1], watch.unlocked());
      const auto blocking = watch.blocking() + watch.removed();
      crowd.blocking += blocking - std::exchange(told[2], blocking);
    };
    const auto work = [&](std::uint64_t own_seed) {
      Member member(crowd, *store, clock, own_seed);
      try {
        while (!failed && std::chrono::steady_clock::now() < end) member.act(), tell();
      } catch (const std::exception& e) {
        failed = true;
        crowd.complaint.say(e.what());
      }
    };
    std::jthread other(work, random());
    work(random());
    other.join();
    if (failed) throw std::runtime_error("failed");
  }
}

}  // namespace

int be_one_of_the_crowd(const std::string& path, std::uint64_t seed) {
  alarm(kStuckAfter);
  const Shared<Crowd> crowd(Shared<Crowd>::As::found, path);
  try {
    live(*crowd, seed);
    return 0;
  } catch (const std::exception& e) {
    if (crowd->complaint.empty()) crowd->complaint.say(e.what());
    return 1;
  }
}

}  // namespace penstock::torture
