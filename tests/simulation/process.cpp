#include "simulation/process.hpp"

#include <algorithm>

namespace penstock::simulation {
namespace {

durable::EngineOptions options(World& world, int number) {
  durable::EngineOptions o;
  o.lease = world.lease;
  o.batch = static_cast<std::uint32_t>(1 + world.random.below(16));
  o.in_flight = static_cast<std::uint32_t>(1 + world.random.below(3));
  o.max_batch = 32;
  o.max_crashes = Ledger::kMaxCrashes;
  o.worker = "process " + std::to_string(number);
  o.seed = world.random.next() | 1;
  return o;
}

}  // namespace

Process::Process(World& world, int number)
    : world_(world),
      number_(number),
      skew_(world.random.below(1'000'000)),
      threads_(static_cast<std::uint32_t>(1 + world.random.below(4))),
      limited_(world.random.one_in(4)),
      forgetful_(world.random.one_in(4)),
      engine_(options(world, number)) {
  engine_.set_queues({{"q0", 3}, {"q1", 1}, {"q2", 1}});
}

void Process::begin() {
  world_.note("begin", number_);
  watch();
  step();
}

void Process::after(Millis delay, std::function<void(Process&)> f) {
  world_.events.after(delay, [weak = weak_from_this(), f = std::move(f)] {
    auto self = weak.lock();
    if (!self || self->dead_) return;
    Millis left = self->paused_until_ - self->world_.events.now();
    if (left > Millis(0)) return self->after(left, f);
    f(*self);
  });
}

void Process::weaken() {
  ++weak_;
  world_.ledger.hit(number_);
}

void Process::pause(Millis how_long) {
  world_.note("pause", number_);
  paused_until_ = std::max(paused_until_, world_.events.now() + how_long);
  world_.ledger.hit(number_);
}

void Process::rung() {
  engine_.ring();
  keep(true);  // a cancel may be wanted
  step();
}

// ---- leading -------------------------------------------------------------------------------------------

durable::Demand Process::demand() const {
  durable::Demand d;
  d.threads = threads_;
  d.idle = threads_ - static_cast<std::uint32_t>(running_.size());
  d.ahead = static_cast<std::uint32_t>(ready_.size());
  d.claims = !stopping_;
  d.lease_ahead = !limited_;
  d.flush = stopping_;
  return d;
}

void Process::step() {
  if (dead_) return;
  start_ready();
  for (;;) {
    auto plan = std::make_shared<durable::Plan>();
    if (!engine_.plan(now(), demand(), *plan)) break;
    world_.call(*this, plan->exchange(engine_.options()), [this, plan](Result<Exchanged> answer) {
      durable::Changes changes;
      engine_.applied(*plan, std::move(answer), now(), changes);
      apply(changes);
      step();
    });
  }
  if (stopping_ && idle()) {
    die();
    return world_.replace(*this);
  }
  plan_wake();
}

// Looks again by itself only when the engine says so: a hint that is missing shows as work left undone.
void Process::plan_wake() {
  std::optional<execution::Instant> next = engine_.plan_at();
  auto earlier = [&next](execution::Instant at) { next = next ? std::min(*next, at) : at; };
  if (auto at = engine_.work_at()) earlier(*at);
  if (engine_.not_before() > now()) earlier(engine_.not_before());
  if (!next) return;
  Millis at = std::max(std::chrono::ceil<Millis>(next->time_since_epoch()) - skew_, world_.events.now() + Millis(1));
  if (wake_at_ > world_.events.now() && wake_at_ <= at) return;
  wake_at_ = at;
  after(at - world_.events.now(), [](Process& p) { p.step(); });
}

void Process::apply(durable::Changes& changes) {
  for (Task* task : changes.startable) admit(*task);
  for (Task* task : changes.settled) tell(*task, task->to);
  for (Task* task : changes.cancelled) tell(*task, State::cancelled);
  for (Task* task : changes.stop) {
    auto run = std::ranges::find(running_, task, [](const auto& r) { return r.second.task; });
    if (run != running_.end()) {
      run->second.stop = true;
      if (world_.random.one_in(2)) after(Millis(1), [n = run->first](Process& p) { p.finish(n); });
    } else if (std::erase(ready_, task) > 0) {
      engine_.cancel(*task, now());
    }
  }
  for (Task* task : changes.lost) {
    std::erase(ready_, task);
    engine_.forget(*task);
  }
}

void Process::tell(Task& task, State end) {
  if (ended(end)) ++world_.ledger.of(task.leased.id).told;
  if (end == State::ready && task.delay > Millis(0)) engine_.expect_work(now() + task.delay);
  if (end == State::ready && task.delay == Millis(0)) engine_.ring();
  engine_.forget(task);
}

void Process::admit(Task& task) {
  const bool unknown = forgetful_ && world_.random.one_in(8);
  if (!stopping_ && !unknown) {
    ready_.push_back(&task);
    return;
  }
  ++world_.ledger.of(task.leased.id).released;
  engine_.release(task, Millis(unknown ? 200 : 0), now());
}

// ---- running -------------------------------------------------------------------------------------------

void Process::start_ready() {
  while (!ready_.empty() && running_.size() < threads_ && !stopping_) {
    Task* task = ready_.front();
    ready_.erase(ready_.begin());
    if (!engine_.start(*task, now())) {
      durable::Changes changes;
      engine_.expire(now(), changes);
      apply(changes);
      continue;
    }
    const std::size_t n = Ledger::number(task->leased.id);
    world_.note("start", number_, n, task->leased.epoch);
    ++world_.counting().starts;
    world_.ledger.starts(task->leased, task->suspect, world_.record(task->leased));
    const auto suspects = std::ranges::count_if(running_, [](const auto& r) {
      return r.second.task->suspect && !r.second.task->lost && r.second.task->phase == Task::Phase::running;
    });
    if (task->suspect && suspects > 0) throw Violation("two suspects run in one process");
    const std::uint64_t run = ++runs_;
    running_.emplace(run, Run{task, n, world_.events.now()});
    after(world_.ledger.tasks[n].runs, [run](Process& p) { p.finish(run); });
  }
}

void Process::finish(std::uint64_t which) {
  auto at = running_.find(which);
  if (at == running_.end()) return;
  const Run run = at->second;
  running_.erase(at);
  Task& task = *run.task;
  Fate& fate = world_.ledger.tasks[run.number];
  world_.note("finish", number_, run.number, task.lost);
  if (fate.poison && !run.stop) {
    ++world_.counting().kills;
    if (!task.lost) ++fate.kills;
    return world_.crash(*this, &fate);
  }
  engine_.ran(world_.events.now() - run.since);
  if (!task.lost) conclude(task, fate, run.stop);
  engine_.handler_returned(task);
  step();
}

void Process::conclude(Task& task, Fate& fate, bool stop) {
  task.keep = kKeepForever;
  task.note = "note";
  task.to = State::succeeded;
  if (stop) {
    task.to = State::cancelled;
  } else if (fate.snoozes > 0) {
    --fate.snoozes;
    ++fate.finished;
    task.to = State::ready;
    task.delay = Millis(world_.random.below(300));
  } else if (task.leased.failures < fate.fails) {
    ++fate.finished;
    task.charge = Charge::failure;
    task.to = task.leased.failures < Ledger::kRetries ? State::ready : State::dead;
    task.delay = Millis(world_.random.below(300));
  }
  engine_.settle(task, now());
}

// ---- keeping and watching ----------------------------------------------------------------------------------

void Process::watch() {
  durable::Changes changes;
  engine_.expire(now(), changes);
  apply(changes);
  for (auto& [which, run] : running_) {
    if (world_.events.now() - run.since >= world_.lease / 10) engine_.mark_begun(*run.task, now());
    if (world_.random.one_in(50)) engine_.mark_progress(*run.task, "half", now());
  }
  keep(false);
  step();
  after(world_.lease / 20, [](Process& p) { p.watch(); });
}

void Process::keep(bool all) {
  if (keeping_) {
    keep_again_ |= all;
    return;
  }
  auto extension = std::make_shared<durable::Extension>();
  if (!engine_.extensions(now(), all, *extension)) return;
  keeping_ = true;
  Exchange x;
  x.extend = extension->held;
  x.lease = world_.lease;
  world_.call(*this, x, [this, extension](const Result<Exchanged>& answer) {
    keeping_ = false;
    durable::Changes changes;
    engine_.extended(*extension, answer, now(), changes);
    apply(changes);
    if (std::exchange(keep_again_, false)) keep(true);
    step();
  });
}

void Process::stop() {
  if (stopping_) return;
  world_.note("stop", number_);
  stopping_ = true;
  for (Task* task : engine_.parked_tasks()) {
    ++world_.ledger.of(task->leased.id).released;
    engine_.release(*task, Millis(0), now());
  }
  for (Task* task : std::exchange(ready_, {})) {
    ++world_.ledger.of(task->leased.id).released;
    engine_.release(*task, Millis(0), now());
  }
  step();
}

}  // namespace penstock::simulation
