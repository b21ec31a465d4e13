// What worker threads do: pull, run, and, with nothing to run, lead or sleep.
#include <algorithm>
#include <system_error>

#include "manager/attempted.hpp"
#include "manager/impl.hpp"

namespace penstock::impl {
namespace {

constexpr int kIdleSpins = 500;  // ten to twenty microseconds

thread_local const Manager* manager_of_thread = nullptr;

}  // namespace

void Manager::own_thread() const noexcept { manager_of_thread = this; }
bool Manager::in_own_thread() const noexcept { return manager_of_thread == this; }
const Manager* Manager::lend_thread(const Manager* to) noexcept { return std::exchange(manager_of_thread, to); }

// Starts the threads that are missing. Errors: resource_exhausted, when there is none to run anything.
Result<void> Manager::ensure_workers(ManagerState& state) {
  if (state.closing) return {};
  if (stepped_) {
    if (state.workers.empty()) state.workers.push_back(std::make_shared<Worker>());  // whose thread is the caller
    return {};
  }
  auto staying =
      static_cast<std::size_t>(std::ranges::count(state.workers, false, [](const auto& w) { return w->retire; }));
  try {
    if (!watchdog_thread_.joinable()) {
      watchdog_thread_ = std::jthread([this](std::stop_token stop) { watch(stop); });
    }
    for (; staying < state.target && state.stuck <= options_.max_stuck; ++staying) spawn_worker(state);
  } catch (const std::system_error& e) {
    host_->log(Level::error, std::string("no further thread can be started: ") + e.what());
    if (staying == 0)
      return Error{Errc::resource_exhausted, std::string("no thread can be started: ") + e.what(), true};
  }
  return {};
}

void Manager::spawn_worker(ManagerState& state) {
  auto worker = std::make_shared<Worker>();
  // The thread keeps the manager alive: a handler may be stuck in it when everybody else has gone.
  worker->thread = std::thread([manager = shared_from_this(), worker] { manager->work(worker); });
  state.workers.push_back(std::move(worker));
}

void Manager::work(std::shared_ptr<Worker> self) {
  own_thread();
  Aftermath after;
  auto state = state_.lock();
  while (!self->abandoned) {
    if (self->retire || state->closing) break;
    if (run_next(state, *self, after)) continue;
    if (!after.empty()) {
      conclude(state, after);
      continue;
    }
    idle(state, *self, after);
  }
  if (!after.empty()) conclude(state, after);
  if (self->abandoned) {  // nobody joins it any more
    --state->stuck;
    std::erase(state->left_behind, self);
    if (self->thread.joinable()) self->thread.detach();
    (void)ensure_workers(*state);  // the cap may have kept its place empty, and leasing suspended
    state->woken = state->sleeping;
    work_.notify_all();
  } else if (self->retire && !state->closing) {
    std::erase(state->workers, self);
    state->retired.push_back(self);
    state->woken = state->sleeping;  // it may have been the one that listened, or kept the time
    work_.notify_all();
  }
  ended_.notify_all();
}

// Runs one task if there is one; false when there is none.
bool Manager::run_next(Locked& state, Worker& self, Aftermath& after) {
  Runnable* task = pick(state, after);
  if (!task) return false;
  const Instant start = now();
  begin_run(*state, self, *task, start);
  if (!task->durable) deal(*state, self, static_cast<LocalTask&>(*task), start, after);
  hand_over(*state, after);
  if (state->leasing && state->pump_waits && state->woken == 0 &&
      (state->engine.plan_at() || (state->sleeping == 0 && state->engine.wants(now(), demand(*state, false))))) {
    after.poke_pump = true;
  }
  if (options_.local_limit > 0 && state->awaiting > 0) after.ended = true;  // there is room for another
  state.unlock();
  if (!after.empty()) tell(after);
  after.clear();
  if (task->durable) {
    run_durable(state, self, static_cast<durable::Task&>(*task), after);
  } else {
    run_closures(state, self, static_cast<LocalTask*>(task), after);
  }
  end_run(*state, self);
  return true;
}

// Both are called without the lock, and return with it.
void Manager::run_durable(Locked& state, Worker& self, durable::Task& task, Aftermath& after) {
  Attempted attempted = attempt_durable(self, task);
  const Instant ended = now();
  attempted.ran = ended - self.run.started;
  state.relock();
  returned(*state, self, task, std::move(attempted), ended, after);
}

void Manager::run_closures(Locked& state, Worker& self, LocalTask* task, Aftermath& after) {
  Outcome outcome = attempt_local(self, *task);
  Instant ended = now();
  while (LocalTask* next = play(self, outcome, ended)) {
    task = next;
    outcome = attempt_local(self, *task);
    ended = now();
  }
  state.relock();
  take_back(*state, self, ended, after);
  returned(*state, self, *task, std::move(outcome), ended - self.run.started, ended, after);
}

// A worker that is about to be busy, or a thread that only exchanges, leaves the bell, the time and what
// is ready to those that sleep.
void Manager::hand_over(ManagerState& state, Aftermath& after) {
  if (state.sleeping == state.woken && !state.listening) return;
  auto due = state.scheduler.next_due();
  bool nobody_leads = state.leasing && !state.listening && !state.engine.claiming();
  if (nobody_leads || (due && *due < state.timer)) wake_for(state, 1, after);
}

// The next task to run: a closure or a leased task, by the scheduler's order. Tasks whose lease is gone
// are dropped on the way, and queues that a rate limit holds up are passed over.
Runnable* Manager::pick(Locked& state, Aftermath& after) {
  while (!state->stopping) {
    Instant at = now();
    state->scheduler.promote(at);
    if (state->scheduler.ready() == 0) return nullptr;
    auto* task = limiter_ ? pop_within_limits(state) : static_cast<Runnable*>(state->scheduler.pop(at));
    if (!task || !task->durable) return task;
    if (limiter_) at = now();
    auto& leased = static_cast<durable::Task&>(*task);
    note_unqueued(*state, leased);
    if (state->engine.start(leased, at)) return task;
    const std::optional<Tokens> tokens = limiter_ ? std::optional<Tokens>(*task) : std::nullopt;
    Changes changes;
    state->engine.expire(at, changes);
    apply(*state, changes, at, after);
    if (!tokens) continue;
    state.unlock();
    tokens->give_back(*limiter_);
    state.relock();
  }
  return nullptr;
}

void Manager::begin_run(ManagerState& state, Worker& self, Runnable& task, Instant at) {
  self.has_spun = false;
  self.run.task = &task;
  self.run.started = at;
  self.run.stop = StopReason::none;
  self.run.marked = !task.durable;
  self.run.deadline.store(Instant::max().time_since_epoch().count(), std::memory_order_relaxed);
  self.run.ready.store(false, std::memory_order_relaxed);
  ++state.running;
  if (task.durable) {
    self.run.marked = static_cast<durable::Task&>(task).begun;
  } else {
    self.run.id = state.local.id_of(static_cast<LocalTask&>(task));
    state.last_start = at;
    state.recent = &self;
  }
  count_begun(state, task, at);
}

void Manager::count_begun(ManagerState& state, Runnable& task, Instant at) {
  Counters& queue = counters_of(state, *task.lane);
  ++queue.running;
  queue.wait.add(at - task.available);
  if (task.durable) {
    auto& leased = static_cast<durable::Task&>(task);
    ++static_cast<HandlerRecord*>(leased.handler)->counters.running;
  } else {
    auto& local = static_cast<LocalTask&>(task);
    local.status = Status::running;
    if (local.details && local.details->handler_stats) ++static_cast<Counters*>(local.details->handler_stats)->running;
  }
}

void Manager::end_run(ManagerState& state, Worker& self) {
  self.run.task = nullptr;
  if (self.stop_shared.load(std::memory_order_relaxed) || self.run.stop != StopReason::none) {
    self.stop = std::stop_source();
    self.stop_shared.store(false, std::memory_order_relaxed);
  }
  if (state.recent == &self) state.recent = nullptr;
  --state.running;
}

void Manager::idle(Locked& state, Worker& self, Aftermath& after) {
  if (self.retire || state->closing) return;  // since it looked: asking a limiter gives up the lock
  ++state->idle;
  note_idle(*state);
  if (!exchange(state, after, false) && !listen(state, after)) {
    self.has_spun = !self.has_spun && !state->spinning && real_time_;  // else it would go round once more in vain
    if (self.has_spun) {
      spin(state);
    } else {
      sleep(state);
    }
  }
  --state->idle;
}

// Before a worker sleeps it looks out for work for some microseconds, as a wake-up costs as much; one worker at a
// time. Then everything is to be looked at again.
void Manager::spin(Locked& state) {
  const std::uint32_t seen = signals_.load(std::memory_order_relaxed);
  state->spinning = true;
  state->signalled = false;
  state.unlock();
  for (int i = 0; i < kIdleSpins && signals_.load(std::memory_order_relaxed) == seen; ++i) base::relax();
  state.relock();
  state->spinning = false;
}

void Manager::sleep(Locked& state) {
  Instant until = state->scheduler.next_due().value_or(Instant::max());
  if (limiter_ && state->scheduler.ready() > 0) until = std::min(until, state->no_start_before);
  ++state->sleeping;
  state->timer = std::min(state->timer, until);
  wait_until(work_, state, until);
  if (until <= state->timer) state->timer = Instant::max();  // unknown: at worst somebody looks in vain
  --state->sleeping;
  if (state->woken > 0) --state->woken;
}

// Has as many idle workers woken as there are new tasks: first the one that looks out for some, then those that
// sleep; by interrupting the listener when no other is idle.
void Manager::wake_for(ManagerState& state, std::size_t tasks, Aftermath& after) {
  if (state.spinning && !state.signalled && tasks > 0) {
    state.signalled = true;
    signals_.fetch_add(1, std::memory_order_relaxed);
    --tasks;
  }
  std::size_t sleepers = state.sleeping - state.woken;
  std::size_t wake = std::min(sleepers, tasks);
  state.woken += static_cast<unsigned>(wake);
  if (wake == 1 && !after.wake_one) {
    after.wake_one = true;
  } else if (wake > 0) {
    after.wake_all = true;
  }
  if (wake < tasks && state.listening) after.interrupt = true;
}

void Manager::conclude(Locked& state, Aftermath& after) {
  state.unlock();
  tell(after);
  after.clear();
  state.relock();
}

void Manager::wait_until(std::condition_variable& cv, Locked& state, Instant at) {
  refuse_to_wait();
  if (real_time_ && at == Instant::max()) return cv.wait(state.native());
  if (real_time_) {
    cv.wait_until(state.native(), at);
    return;
  }
  cv.wait_for(state.native(), Millis(2));  // another clock than this machine's: look often
}

}  // namespace penstock::impl
