// The shell around the lease engine: sends what it plans, acts on what the answers changed, and keeps
// leases alive.
#include <algorithm>

#include "base/later.hpp"
#include "durable/envelope.hpp"
#include "manager/impl.hpp"

namespace penstock::impl {
namespace {

constexpr Millis kLongestListen{10'000};
constexpr Millis kLongestPoll{500};
constexpr Millis kAfterError{100};  // of the bell
constexpr Millis kRefreshEvery{1'000};
constexpr Millis kLookAgain{20};
constexpr Millis kLongestUnknown{60'000};
constexpr Millis kFlushEvery{3'000};      // what has failed, into the store
constexpr std::size_t kFlushQueues = 16;  // at a time: leases must not wait for it

}  // namespace

durable::Demand Manager::demand(const ManagerState& state, bool flush) const {
  durable::Demand d;
  d.idle = state.idle;
  d.threads = std::max(1u, state.target);
  d.ahead = static_cast<std::uint32_t>(state.leased_ready);
  for (const Lane* lane : state.scheduler.blocked()) {  // a free worker cannot start these
    if (lane->owner) d.ahead -= static_cast<const QueueRecord*>(lane->owner)->leased;
  }
  d.claims = state.leasing && !state.stopping && state.stuck < options_.max_stuck;
  d.lease_ahead = limiter_ == nullptr;
  d.flush = flush;
  return d;
}

// Sends the exchange that is due, if one is. The lock is given up for the call.
bool Manager::exchange(Locked& state, Aftermath& after, bool flush) {
  durable::Plan plan;
  if (!state->engine.plan(now(), demand(*state, flush), plan)) return false;
  ++state->exchanges;
  state.unlock();
  if (!after.empty()) tell(after);
  after.clear();
  Result<Exchanged> answer = backend_->exchange(plan.exchange(state->engine.options()));
  state.relock();
  Instant at = now();
  bool failed = !answer;
  if (failed) {
    host_->log(Level::warn, std::string("the store answered an exchange with ") + name(answer.error().code) + ": " +
                                answer.error().message);
  } else {
    state->last_exchange = at;
  }
  std::size_t got = failed ? 0 : answer->leased.size();
  bool claimed = got > 0;
  if (claimed) {
    state->poll = Millis(1);
    state->claimed = state->claimed_lately = true;
  }
  Changes changes;
  state->engine.applied(plan, std::move(answer), at, changes);
  apply(*state, changes, at, after);
  // Tasks of a queue that is not known yet may have rung the bell: an empty claim looks for new queues. One
  // that was not empty may have answered the same ring, so another one follows.
  if (plan.limit > 0 && !claimed && !failed) {
    if (!after.empty()) conclude(state, after);
    (void)refresh_queues(state);
  }
  if (claimed && got < plan.limit && options_.queues.contains("*")) state->engine.expect_work(at + kLookAgain);
  return true;
}

// With nothing to run and nothing to send: waits for the store's bell, or for the time of the next task
// that is due. One worker at a time does so; false: another does, or there is nothing to listen for. After an
// error the pause is waited for, and not the bell: it may have rung, and would be answered at once each time.
bool Manager::listen(Locked& state, Aftermath& after) {
  if (!state->leasing || state->stopping || state->listening || state->engine.claiming()) return false;
  Instant at = now();
  Instant until = at + (waiter_ ? kLongestListen : state->poll);
  if (auto due = state->engine.work_at()) until = std::min(until, *due);
  if (auto due = state->scheduler.next_due()) until = std::min(until, *due);
  if (state->scheduler.ready() > 0) until = std::min(until, std::max(at, state->no_start_before));
  const bool pausing = state->engine.not_before() > at;
  if (pausing) until = std::min(until, state->engine.not_before());
  if (!pausing && state->engine.maybe_work(at)) return false;
  if (until <= at) return true;
  state->listening = true;
  state->timer = std::min(state->timer, until);
  if (pausing) {
    wait_until(listen_, state, until);
  } else if (waiter_) {
    std::uint64_t bell = state->engine.bell();
    auto wait = std::chrono::ceil<Millis>(until - at);
    if (!real_time_) wait = std::min(wait, Millis(2));
    state.unlock();
    if (!after.empty()) tell(after);
    after.clear();
    Result<std::uint64_t> rang = waiter_->wait(bell, wait);
    state.relock();
    if (!rang) wait_until(listen_, state, std::min(until, now() + kAfterError));
    if (!rang || *rang != bell) state->engine.ring();
  } else {
    wait_until(listen_, state, until);
    if (now() >= until) {
      ++state->polls;
      state->poll = std::min(state->poll * 2, kLongestPoll);
      state->engine.ring();
    }
  }
  state->listening = false;
  if (until <= state->timer) state->timer = Instant::max();
  return true;
}

void Manager::apply(ManagerState& state, Changes& changes, Instant at, Aftermath& after) {
  for (durable::Task* task : changes.startable) admit(state, *task, at, after);
  for (durable::Task* task : changes.settled) publish(state, *task, false, after);
  for (durable::Task* task : changes.cancelled) publish(state, *task, true, after);
  for (durable::Task* task : changes.stop) {
    if (Worker* worker = worker_of(state, *task)) {
      ask_to_stop(state, *worker, StopReason::cancel, at, after);
    } else if (unqueue_leased(state, *task)) {
      state.engine.cancel(*task, at);
      after.poke_pump = true;
    }
  }
  for (durable::Task* task : changes.lost) {
    unqueue_leased(state, *task);
    if (Worker* worker = worker_of(state, *task)) ask_to_stop(state, *worker, StopReason::lost, at, after);
    if (task->lane) ++counters_of(state, *task->lane).lost;
    if (telling(Aftermath::Event::What::lost)) {
      after.events.push_back({Aftermath::Event::What::lost,
                              {task->leased.queue, task->leased.id},
                              task->leased.kind,
                              {},
                              true,
                              task->leased.failures + task->leased.crashes + 1,
                              Status::running,
                              {},
                              {},
                              nullptr});
    }
    state.engine.forget(*task);
  }
  if (state.awaiting > 0) after.ended = true;
  note_idle(state);
}

void Manager::queue_leased(ManagerState& state, durable::Task& task, Instant at) {
  state.scheduler.push(&task, at, at);
  ++state.leased_ready;
  ++record_of(state, *task.lane).leased;
}

bool Manager::unqueue_leased(ManagerState& state, durable::Task& task) {
  if (!task.lane || !state.scheduler.erase(&task)) return false;
  note_unqueued(state, task);
  return true;
}

void Manager::note_unqueued(ManagerState& state, durable::Task& task) {
  --state.leased_ready;
  --record_of(state, *task.lane).leased;
}

// How long a task is given back for that nobody here can run, for want of `what`: longer each time, for all such
// tasks together. The first time it is said.
Millis Manager::pause_without(ManagerState& state, const std::string& what) {
  const unsigned times = state.lacking.size() < 1000 ? state.lacking[what]++ : 5;
  if (times == 0) host_->log(Level::warn, "no " + what + "; such tasks are given back");
  return std::min(Millis(1000) * (1 << std::min(times, 6u)), kLongestUnknown);
}

// A leased task may start: it joins the scheduler, unless nobody here can run it.
void Manager::admit(ManagerState& state, durable::Task& task, Instant at, Aftermath& after) {
  task.lane = &state.scheduler.lane(task.leased.queue);
  auto handler = handlers_.find(task.leased.kind);
  if (handler == handlers_.end() || state.stopping) {
    Millis delay{0};
    if (handler == handlers_.end()) delay = pause_without(state, "handler here for kind \"" + task.leased.kind + "\"");
    state.engine.release(task, delay, at);
    return;
  }
  task.handler = handler->second.get();
  queue_leased(state, task, at);
  // The worker that leads takes one itself.
  if (state.leased_ready > 1 || state.idle == 0) wake_for(state, 1, after);
}

// The store has accepted what was said of the task: it is a fact, and told to those who listen.
void Manager::publish(ManagerState& state, durable::Task& task, bool cancelled, Aftermath& after) {
  Lane& lane = task.lane ? *task.lane : state.scheduler.lane(task.leased.queue);
  QueueRecord& own = record_of(state, lane);
  Counters& queue = own.counters;
  auto* record = static_cast<HandlerRecord*>(task.handler);
  State to = cancelled ? State::cancelled : task.to;
  own.ended |= ended(to);
  auto count = [&](std::uint64_t Counters::*counter) {
    ++(queue.*counter);
    if (record) ++(record->counters.*counter);
  };
  Aftermath::Event::What what = Aftermath::Event::What::finish;
  Status status = Status::succeeded;
  switch (to) {
    case State::succeeded:
      count(&Counters::completed);
      break;
    case State::dead:
      count(&Counters::failed);
      status = task.final_timeout ? Status::timed_out : Status::failed;
      break;
    case State::cancelled:
      count(&Counters::cancelled);
      status = Status::cancelled;
      break;
    default:
      what = Aftermath::Event::What::retry;
      status = task.charge == Charge::failure ? Status::retrying : Status::scheduled;
      if (task.charge == Charge::failure) {
        count(&Counters::retried);
      } else if (task.handler && task.delay > Millis(0)) {
        count(&Counters::snoozed);
      }
      if (task.delay > Millis(0)) state.engine.expect_work(base::later(now(), task.delay));
      if (task.delay == Millis(0) && !state.stopping) state.engine.ring();
  }
  if (to == State::dead && task.error.empty()) task.error = durable::decode_note(task.note).error;  // poison
  if (to == State::dead || (to == State::ready && task.charge == Charge::failure)) note_failure(state, task);
  bool event = !(task.unstarted && what == Aftermath::Event::What::retry);  // nothing was tried
  if (event && telling(what)) {
    after.events.push_back({what,
                            {task.leased.queue, task.leased.id},
                            task.leased.kind,
                            task.error,
                            true,
                            task.leased.failures + task.leased.crashes + 1,
                            status,
                            task.delay,
                            task.ran,
                            task.value});
  }
  state.engine.forget(task);
}

// Which durable queues there are to claim from: those the options name, and with "*" all the others the
// store knows. True when the list has changed: then there may be something to claim, and a worker is to be woken.
bool Manager::refresh_queues(Locked& state) {
  bool all = options_.queues.contains("*");
  if (state->queues_known && !all) return false;
  const std::uint64_t asked = ask_for_queues(*state);
  state.unlock();
  Result<std::vector<Counts>> counts = all ? backend_->counts() : std::vector<Counts>();
  state.relock();
  if (!counts && state->queues_known) return false;
  return learn_queues(*state, asked, counts ? *counts : std::vector<Counts>());
}

std::uint64_t Manager::ask_for_queues(ManagerState& state) {
  state.queues_refreshed = now();
  state.claimed = false;
  return ++state.queues_asked;
}

// The same, with what the store has answered to the question of this number.
bool Manager::learn_queues(ManagerState& state, std::uint64_t asked, std::span<const Counts> counts) {
  if (asked < state.queues_answered) return false;  // somebody asked later, and knows more
  state.queues_answered = asked;
  const bool all = options_.queues.contains("*");
  std::set<std::string> served;
  for (const auto& [name, weight] : options_.queues) {
    if (name != "*" && name != kLocalQueue) served.insert(name);
  }
  // Something is always claimed from, so that an empty claim can arm the bell that a new queue will ring.
  if (all) served.insert("default");
  for (const Counts& c : counts) {
    if (all && c.queue != kLocalQueue) served.insert(c.queue);
  }
  if (state.queues_known && served == state.served) return false;
  state.queues_known = true;
  state.served = std::move(served);
  use_weights(state);
  state.engine.ring();
  return true;
}

// Sends what is overdue while all workers are busy, leases ahead, and from time to time lets the store forget what
// has ended long ago. With a bell, an idle process need not look for new queues: they ring it. A busy one may take that
// ring for one of the queues it knows. Weights are read while they matter: when there were tasks.
void Manager::pump(std::stop_token stop) {
  own_thread();
  Aftermath after;
  durable::Housekeeping house(properties_.remembers_ids, now());
  Instant tidy_at = now() + durable::Housekeeping::kOften;
  auto state = state_.lock();
  while (!stop.stop_requested()) {
    if (exchange(state, after, state->stopping)) {
      wake_for(*state, state->leased_ready, after);  // no worker led this exchange, so none will take them
      hand_over(*state, after);
      if (!after.empty()) conclude(state, after);
      continue;
    }
    Instant at = now();
    const bool blind = !waiter_ || state->claimed;
    if (blind && at - state->queues_refreshed >= kRefreshEvery && !state->stopping && refresh_queues(state)) {
      wake_for(*state, 1, after);
      conclude(state, after);
      continue;
    }
    if (at >= tidy_at && !state->stopping) {
      state.unlock();
      tidy(house, after);
      state.relock();
      if (!after.empty()) conclude(state, after);
      if (std::exchange(state->claimed_lately, false)) refresh_weights(state);
      tidy_at = now() + durable::Housekeeping::kOften;
      continue;
    }
    Instant until = std::min(tidy_at, at + kRefreshEvery);
    if (auto due = state->engine.plan_at()) until = std::min(until, *due);
    state->pump_waits = !state->engine.plan_at();
    wait_until(pump_cv_, state, until);
    state->pump_waits = false;
  }
}

// Extends every held lease at a third of its life, on calls of its own; at once when the bell may mean
// that a cancel is wanted. Every few seconds, writes down what has failed.
void Manager::keep(std::stop_token stop) {
  own_thread();
  Aftermath after;
  std::uint64_t bell = 0;
  const Millis tick = std::clamp(options_.lease / 6, Millis(1), kFlushEvery);
  Instant flush_at = now() + kFlushEvery;
  while (!stop.stop_requested()) {
    if (now() >= flush_at) {
      flush_failures(kFlushQueues);
      flush_at = now() + kFlushEvery;
    }
    bool rang = false, hears = false;
    if (waiter_) {
      Result<std::uint64_t> now_bell = waiter_->wait(bell, real_time_ ? tick : std::min(tick, Millis(2)));
      hears = static_cast<bool>(now_bell);
      rang = now_bell && *now_bell != bell;
      if (now_bell) bell = *now_bell;
    }
    auto state = state_.lock();
    if (!hears || (rang && state->engine.held() == 0)) {
      wait_until(keep_cv_, state, now() + (hears ? Millis(20) : tick));
    }
    // A storm of rings is one extension in 20 ms.
    if (extend(state, rang, after) && rang) wait_until(keep_cv_, state, now() + Millis(20));
  }
}

// Extends the leases whose time it is, or all. The lock is given up for the call; false: there were none.
bool Manager::extend(Locked& state, bool all, Aftermath& after) {
  durable::Extension extension;
  if (!state->engine.extensions(now(), all, extension)) return false;
  Exchange request;
  request.extend = extension.held;
  request.lease = options_.lease;
  request.worker = state->engine.options().worker;
  state.unlock();
  Result<Exchanged> answer = backend_->exchange(request);
  state.relock();
  Changes changes;
  Instant at = now();
  state->engine.extended(extension, answer, at, changes);
  apply(*state, changes, at, after);
  conclude(state, after);
  return true;
}

}  // namespace penstock::impl
