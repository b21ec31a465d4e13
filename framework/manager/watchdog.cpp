// The watchdog: strikes timeouts, gives up on handlers that ignore them, and stops what has lost its
// lease. It does no I/O, so a store that hangs cannot hold it up.
#include <algorithm>
#include <poll.h>
#include <unistd.h>

#include "base/later.hpp"
#include "manager/attempted.hpp"
#include "manager/impl.hpp"

namespace penstock::impl {
namespace {

constexpr Millis kTick{1'000};       // between looks while nothing nearer is due
constexpr Millis kMarkAfter{1'000};  // a task that runs longer than this is marked begun in the store

}  // namespace

void Manager::poke_watchdog() noexcept {
  std::uint64_t one = 1;
  [[maybe_unused]] ssize_t n = write(event_fd_, &one, sizeof one);
}

void Manager::watch(std::stop_token stop) {
  own_thread();
  Aftermath after;
  int stops_seen = 0;
  while (!stop.stop_requested()) {
    Instant at = now();
    auto state = state_.lock();
    watchdog_at_ = (at + kTick).time_since_epoch().count();  // a deadline that is set from now on is seen, or pokes
    Instant next = patrol(*state, at, after);
    if (int stops = stop_requests_.load(); stops != stops_seen) {
      if (stops >= 2) begin_stop(*state, true, at, after);  // a second signal: at once
      stops_seen = stops;
      after.ended = true;  // run() and drain() look
    }
    watchdog_at_ = next.time_since_epoch().count();
    state->untold.move_news(after);
    state->watchdog_tells = after.runs_user_code();
    if (state->watchdog_tells) take_back_each(*state, at, after);
    conclude(state, after);
    state->watchdog_tells = false;
    state.unlock();
    auto wait = std::clamp(std::chrono::ceil<Millis>(next - at), Millis(0), kTick);
    if (!real_time_) wait = std::min(wait, Millis(2));
    pollfd fd{event_fd_, POLLIN, 0};
    if (::poll(&fd, 1, static_cast<int>(wait.count())) > 0) {
      std::uint64_t drained = 0;
      [[maybe_unused]] ssize_t n = read(event_fd_, &drained, sizeof drained);
    }
  }
}

// Looks after everything that runs; returns when to look again.
Instant Manager::patrol(ManagerState& state, Instant at, Aftermath& after) {
  Instant next = at + kTick;
  Changes changes;
  state.engine.expire(at, changes);
  if (!changes.lost.empty()) apply(state, changes, at, after);
  next = std::min(next, look_after_hands(state, at, after));
  for (std::size_t i = 0; i < state.workers.size(); ++i) {
    Worker& worker = *state.workers[i];
    if (worker.dealt) continue;  // it began what it runs a moment ago
    Run& run = worker.run;
    if (!run.task) continue;
    if (!run.marked && at - run.started >= kMarkAfter) {
      run.marked = true;
      state.engine.mark_begun(static_cast<durable::Task&>(*run.task), at);
      after.poke_pump = true;
    }
    Instant deadline{Instant::duration(run.deadline.load())};
    if (deadline > at) {
      next = std::min(next, deadline);
    } else if (run.stop == StopReason::none) {
      ask_to_stop(state, worker, StopReason::timeout, at, after);
      next = std::min(next, base::later(at, options_.grace));
    } else if (run.ready.load(std::memory_order_acquire)) {
      abandon(state, i--, at, after);
    }
  }
  state.local.trim(at, after.garbage);
  return next;
}

Worker* Manager::worker_of(ManagerState& state, const Runnable& task) {
  auto at = std::ranges::find_if(state.workers, [&](const auto& w) { return !w->dealt && w->run.task == &task; });
  return at == state.workers.end() ? nullptr : at->get();
}

void Manager::ask_to_stop(ManagerState&, Worker& worker, StopReason why, Instant at, Aftermath& after) {
  if (worker.run.stop != StopReason::none) return;
  worker.run.stop = why;
  worker.run.deadline.store(base::later(at, options_.grace).time_since_epoch().count(), std::memory_order_relaxed);
  after.stops.push_back(worker.stop);
  after.poke_watchdog = true;
}

// The handler outlived its grace period. Its task is settled without it, and another thread takes the
// slot, until too many are stuck.
void Manager::abandon(ManagerState& state, std::size_t index, Instant at, Aftermath& after) {
  std::shared_ptr<Worker> worker = state.workers[index];
  Run& run = worker->run;
  Runnable& task = *run.task;
  host_->log(Level::error, std::string("a handler ignores its stop request in queue \"") + task.lane->name +
                               "\"; its thread is left behind");
  worker->abandoned = true;
  ++state.stuck;
  state.workers.erase(state.workers.begin() + static_cast<std::ptrdiff_t>(index));
  state.left_behind.push_back(worker);
  Attempted given_up;
  given_up.outcome = retry("did not return within the grace period");
  given_up.ran = at - run.started;
  if (task.durable) {
    auto& leased = static_cast<durable::Task&>(task);
    Result<durable::Envelope> envelope = durable::decode_envelope(leased.leased.body);
    given_up.treatment = treatment(leased, envelope ? *envelope : durable::Envelope{});
    if (!leased.lost) finish_durable(state, leased, given_up, run.stop, at, after);
    after.poke_pump = true;
  } else {
    auto& local = static_cast<LocalTask&>(task);
    local.pinned = true;                            // its closure is running still
    if (local.details) local.details->retries = 0;  // and cannot run a second time beside itself
    ++counters_of(state, *local.lane).timed_out;
    local.error = "timed out, and did not return within the grace period";
    Status status = run.stop == StopReason::timeout ? Status::timed_out : Status::cancelled;
    end_local(state, local, status, given_up.ran, at, after);
  }
  (void)ensure_workers(state);
}

}  // namespace penstock::impl
