// A lease engine with a clock in hand, whose store is the test itself.
#pragma once

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "durable/lease_engine.hpp"

namespace penstock::durable {

using namespace std::chrono_literals;

inline TaskId id(unsigned n) {
  TaskId out;
  out.bytes[15] = static_cast<unsigned char>(n);
  return out;
}
inline unsigned number(const Task& task) { return task.leased.id.bytes[15]; }
inline std::vector<unsigned> numbers(const std::vector<Task*>& tasks) {
  std::vector<unsigned> out;
  for (const Task* t : tasks) out.push_back(number(*t));
  return out;
}
using Numbers = std::vector<unsigned>;

// A task as a claim hands it out.
inline Leased leased(unsigned n, Epoch epoch = 1, std::uint32_t crashes = 0, bool lapsed = false, bool begun = false) {
  Leased l;
  l.queue = "q";
  l.kind = "kind";
  l.id = id(n);
  l.epoch = epoch;
  l.crashes = crashes;
  l.lapsed = lapsed;
  l.begun = begun;
  return l;
}
// One whose lease lapsed while it ran.
inline Leased crashed(unsigned n, Epoch epoch = 1, std::uint32_t crashes = 0) {
  return leased(n, epoch, crashes, true, true);
}

inline EngineOptions lab_options() {
  EngineOptions o;
  o.lease = 1000ms;
  o.batch = 8;
  o.worker = "w";
  o.seed = 1;
  return o;
}

struct EngineLab {
  Instant now{std::chrono::hours(1)};
  LeaseEngine engine;
  Changes changes;  // of the last answer

  explicit EngineLab(EngineOptions options = lab_options()) : engine(std::move(options)) {
    engine.set_queues({{"q", 1}});
  }

  static Demand idle(std::uint32_t workers = 1) {
    Demand d;
    d.idle = d.threads = workers;
    return d;
  }
  static Demand busy(bool flush = false) {
    Demand d;
    d.flush = flush;
    return d;
  }
  bool plans(const Demand& d, Plan& plan) { return engine.plan(now, d, plan); }

  void answer(Plan& plan, Result<Exchanged> answer) {
    changes.clear();
    engine.applied(plan, std::move(answer), now, changes);
  }
  // All settlements of the plan are answered alike.
  void answer(Plan& plan, Item item = Item::ok, std::vector<Leased> tasks = {}) {
    Exchanged x;
    x.settled.assign(plan.tasks.size(), item);
    x.leased = std::move(tasks);
    answer(plan, std::move(x));
  }
  // Claims exactly these.
  std::vector<Task*> claim(std::vector<Leased> tasks) {
    engine.ring();
    Plan plan;
    REQUIRE(plans(idle(static_cast<std::uint32_t>(tasks.size())), plan));
    answer(plan, Item::ok, std::move(tasks));
    return changes.startable;
  }
  // Claims and starts one.
  Task& run(Leased task) {
    std::vector<Task*> started = claim({std::move(task)});
    REQUIRE(started.size() == 1);
    REQUIRE(engine.start(*started[0], now));
    return *started[0];
  }
  void settle(Task& task, State to = State::succeeded) {
    task.to = to;
    engine.settle(task, now);
  }
  // What has lapsed by now.
  Numbers expired() {
    changes.clear();
    engine.expire(now, changes);
    return numbers(changes.lost);
  }
  // Ends what was told, as the shell does.
  void forget() {
    for (auto* list : {&changes.settled, &changes.cancelled, &changes.lost}) {
      for (Task* task : *list) engine.forget(*task);
    }
  }
  // Sends what is pending; REQUIREs that something is.
  Plan flush() {
    Plan plan;
    REQUIRE(plans(busy(true), plan));
    return plan;
  }
};

inline Error failure(Errc code = Errc::unavailable) { return Error{code, "no", true}; }

}  // namespace penstock::durable
