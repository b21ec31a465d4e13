// From start to stop.
#include <algorithm>
#include <mutant.hpp>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include "base/counted.hpp"
#include "base/later.hpp"
#include "manager/impl.hpp"

namespace penstock::impl {
namespace {

constexpr int kLeftBehind = 75;  // sysexits.h EX_TEMPFAIL
constexpr Millis kIdleLook{5}, kLastIdleLook{200};

// SIGTERM and SIGINT become writes to the manager's eventfd while one of these lives.
std::atomic<Manager*> signalled_manager{nullptr};

class SignalScope {
 public:
  explicit SignalScope(Manager& manager) {
    Manager* none = nullptr;
    owner_ = signalled_manager.compare_exchange_strong(none, &manager);
    if (!owner_) return;
    struct sigaction action {};
    action.sa_handler = [](int) {
      if (Manager* m = signalled_manager.load()) m->request_stop();
    };
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(SIGTERM, &action, &term_);
    sigaction(SIGINT, &action, &int_);
  }
  ~SignalScope() {
    if (!owner_) return;
    sigaction(SIGTERM, &term_, nullptr);
    sigaction(SIGINT, &int_, nullptr);
    signalled_manager.store(nullptr);
  }
  SignalScope(const SignalScope&) = delete;
  SignalScope& operator=(const SignalScope&) = delete;

 private:
  bool owner_ = false;
  struct sigaction term_ {
  }, int_{};
};

}  // namespace

void Manager::refuse_in_own_thread(const char* call) const {
  if (in_own_thread()) {
    throw Exception(
        Error{Errc::invalid, std::string(call) + " waits for handlers, so a handler must not call it, nor a hook"});
  }
}

void Manager::start() {
  declare_handlers();
  auto state = state_.lock();
  if (state->stopping)
    throw Exception(Error{Errc::unavailable, "the task manager was stopped and cannot be started again"});
  frozen_ = true;
  value_or_throw(ensure_workers(*state));
  if (state->started) return;
  if (handlers_.empty()) {
    state.unlock();
    host_->log(Level::info, "no handlers here: durable tasks are left to other processes");
    return;
  }
  state->started = true;
  (void)refresh_queues(state);
  refresh_weights(state);
  if (state->stopping) return;  // meanwhile
  state->leasing = true;
  if (stepped_) return;
  pump_thread_ = std::jthread([this](std::stop_token stop) { pump(stop); });
  keeper_thread_ = std::jthread([this](std::stop_token stop) { keep(stop); });
  state->woken = state->sleeping;
  state.unlock();
  work_.notify_all();
}

void Manager::resize(unsigned threads) {
  if (threads == 0 || threads > kMostThreads) {
    throw Exception(Error{
        Errc::invalid, "threads: from 1 up to " + std::to_string(kMostThreads) + ", got " + std::to_string(threads)});
  }
  auto state = state_.lock();
  state->target = threads;
  for (std::size_t i = 0; i < state->workers.size(); ++i) {
    state->workers[i]->retire = i >= threads;  // the others go when their handlers have returned
  }
  if (!state->workers.empty()) (void)ensure_workers(*state);
  std::vector<std::shared_ptr<Worker>> retired = std::move(state->retired);
  state->retired.clear();
  state->woken = state->sleeping;
  bool interrupt = state->listening;
  state.unlock();
  work_.notify_all();
  listen_.notify_all();
  if (interrupt && waiter_) waiter_->interrupt();
  for (auto& worker : retired) worker->thread.join();
}

void Manager::request_stop() noexcept {
  stop_requests_.fetch_add(1);
  poke_watchdog();
}

int Manager::run() {
  refuse_in_own_thread("run()");
  SignalScope signals(*this);
  start();
  {
    auto state = state_.lock();
    while (stop_requests_.load() == 0 && !state->stopping) wait_until(ended_, state, Instant::max());
  }
  return stop(options_.stop_timeout, false) ? 0 : kLeftBehind;
}

int Manager::drain() {
  refuse_in_own_thread("drain()");
  SignalScope signals(*this);
  start();
  wait_idle(Millis::max());
  return stop(options_.stop_timeout, false) ? 0 : kLeftBehind;
}

bool Manager::local_idle(const ManagerState& state) const {
  return state.local.active() == 0 && state.running == 0 && state.engine.held() == 0 && state.engine.unsettled() == 0;
}

// Whether the queues served hold nothing that is still to be done, here or elsewhere.
bool Manager::store_idle() {
  auto state = state_.lock();
  if (!state->leasing) return true;
  const std::uint64_t asked = ask_for_queues(*state);
  state.unlock();
  Result<std::vector<Counts>> counts = backend_->counts();
  if (!counts) return false;
  state.relock();
  if (learn_queues(*state, asked, *counts)) {  // there are queues nobody here claims from yet
    Aftermath after;
    wake_for(*state, 1, after);
    conclude(state, after);
  }
  return std::ranges::none_of(*counts, [&](const Counts& c) {
    auto waits = [&c](State s) { return c.by_state[static_cast<std::size_t>(s)] > 0; };
    return state->served.contains(c.queue) && !mutant("manager.drain.early") &&
           (waits(State::held) || waits(State::scheduled) || waits(State::ready) || waits(State::leased));
  });
}

void Manager::note_idle(ManagerState& state) {
  if (state.watching_idle > 0 && local_idle(state)) ended_.notify_all();
}

bool Manager::wait_idle(Millis at_most) {
  refuse_in_own_thread("wait_idle()");
  Instant until = base::later(now(), at_most);
  Millis look = kIdleLook;
  auto state = state_.lock();
  const base::Counted watching(state, state->watching_idle);
  Aftermath after;
  end_dealing(*state, after);
  if (!after.empty()) conclude(state, after);
  bool idle = false;
  auto interrupted = [&] { return stop_requests_.load() > 0 || state->stopping; };
  while (!idle && !interrupted() && now() < until) {
    if (!local_idle(*state)) {
      wait_until(ended_, state, until);
      look = kIdleLook;
      continue;
    }
    state.unlock();
    bool store = store_idle();
    state.relock();
    idle = store && local_idle(*state);
    if (idle || interrupted()) break;
    wait_until(ended_, state, std::min(until, now() + look));  // others work, or tasks wait for their time
    look = std::min(look * 2, kLastIdleLook);
  }
  return idle;
}

// Nothing new starts: leased tasks go back to the store, closures that have not started end as cancelled.
void Manager::begin_stop(ManagerState& state, bool now_, Instant at, Aftermath& after) {
  if (!state.stopping) {
    state.stopping = true;
    take_back_all(state, after);
    for (durable::Task* task : state.engine.parked_tasks()) state.engine.release(*task, Millis(0), at);
    state.scheduler.promote(Instant::max());
    while (auto* next = static_cast<Runnable*>(state.scheduler.pop(at))) {
      if (next->durable) {
        auto& leased = static_cast<durable::Task&>(*next);
        note_unqueued(state, leased);
        state.engine.release(leased, Millis(0), at);
      } else {
        auto& task = static_cast<LocalTask&>(*next);
        if (task.closure) after.closures.push_back(std::move(task.closure));
        task.error = "the task manager was stopped";
        end_local(state, task, Status::cancelled, {}, at, after);
      }
    }
  }
  if (now_ && !state.stop_now) {
    state.stop_now = true;
    for (auto& worker : state.workers) {
      if (worker->run.task) ask_to_stop(state, *worker, StopReason::shutdown, at, after);
    }
  }
  after.ended = after.poke_pump = after.wake_all = true;
  state.woken = state.sleeping;
  if (state.listening) after.interrupt = true;
}

// For a destructor, which may run inside a handler: there nobody may wait for handlers, so another thread does,
// or, when this one is all there is, the stepper once the handler has returned.
void Manager::stop_for_good() noexcept {
  Outcome failed = run_guarded([this] {
    if (stepped_ && put_off_stop()) return;
    if (!in_own_thread()) return void(stop(Millis(0), true));
    std::thread([self = shared_from_this()] { self->stop(Millis(0), true); }).detach();
  });
  if (failed.verb != Outcome::Verb::done) host_->log(Level::error, "the task manager did not stop: " + failed.reason);
}

// Waits until no handler runs any more, asks those to stop that run past `until`, and sends what is settled by then.
void Manager::run_out(Locked& state, Instant until, Aftermath& after) {
  const base::Counted awaiting(state, state->awaiting);
  auto busy = [&] { return std::ranges::any_of(state->workers, [](const auto& w) { return w->run.task != nullptr; }); };
  while (busy() && now() < until) wait_until(ended_, state, std::min(until, now() + Millis(50)));
  if (busy()) {  // the deadline has passed: they are asked to stop, and have the grace period
    begin_stop(*state, true, now(), after);
    conclude(state, after);
    while (busy()) wait_until(ended_, state, now() + Millis(50));  // the watchdog gives them up
  }
  // What is settled but not sent yet, and claims that were under way: what they bring is given back.
  Instant flush_until = base::later(now(), std::max(options_.grace, Millis(1'000)));
  while (!state->engine.quiet() && now() < flush_until) {
    if (!exchange(state, after, true)) {
      if (stepped_) break;  // an error of the store's: the time it is left in peace does not pass by itself
      wait_until(ended_, state, std::min(flush_until, now() + Millis(5)));
    }
    if (!after.empty()) conclude(state, after);
  }
}

bool Manager::stop(Millis deadline, bool at_once) {
  refuse_in_own_thread("a stop");
  Aftermath after;
  auto state = state_.lock();
  if (state->closed) return state->stuck == 0;
  Instant until = base::later(now(), deadline);
  begin_stop(*state, at_once, now(), after);
  conclude(state, after);
  run_out(state, until, after);
  if (std::exchange(state->closed, true)) return state->stuck == 0;  // another thread stopped it meanwhile
  bool all_settled = state->engine.quiet();
  state->closing = true;
  state->leasing = false;
  std::vector<std::shared_ptr<Worker>> workers = state->workers;
  workers.insert(workers.end(), state->retired.begin(), state->retired.end());
  state.unlock();
  work_.notify_all();
  pump_thread_.request_stop();
  keeper_thread_.request_stop();
  watchdog_thread_.request_stop();
  pump_cv_.notify_all();
  keep_cv_.notify_all();
  if (waiter_) waiter_->interrupt();
  poke_watchdog();
  for (auto& worker : workers) {
    if (worker->thread.joinable()) worker->thread.join();
  }
  for (std::jthread* thread : {&pump_thread_, &keeper_thread_, &watchdog_thread_}) {
    if (thread->joinable()) thread->join();
  }
  flush_failures(SIZE_MAX);
  state.relock();
  state->untold.move_news(after);
  conclude(state, after);
  state.unlock();
  hub_.close();
  ended_.notify_all();
  state.relock();
  for (auto& worker : state->left_behind) {
    if (worker->thread.joinable()) worker->thread.detach();
  }
  if (!all_settled)
    host_->log(Level::error, "the store did not take the last settlements in time; their tasks run again");
  return state->stuck == 0 && all_settled;
}

}  // namespace penstock::impl
