// A manager without threads of its own: what its workers, keeper and watchdog do, a step at a time.
#include <algorithm>
#include <cstdint>
#include <utility>

#include <penstock/stepper.hpp>

#include "manager/attempted.hpp"
#include "manager/impl.hpp"

namespace penstock::impl {
namespace {

constexpr Millis kAskEvery{20};

// The calling thread counts as the manager's own meanwhile: handlers and hooks run in it.
class OwnThread {
 public:
  explicit OwnThread(const Manager& manager) noexcept : before_(Manager::lend_thread(&manager)) {}
  ~OwnThread() { Manager::lend_thread(before_); }
  OwnThread(const OwnThread&) = delete;
  OwnThread& operator=(const OwnThread&) = delete;

 private:
  const Manager* before_;
};

}  // namespace

void Manager::begin_stepping(std::uint64_t seed) {
  unsigned threads = 0;
  {
    auto state = state_.lock();
    if (!state->workers.empty() || state->started) {
      throw Exception(Error{Errc::invalid, "a manager that has been started cannot be stepped by hand"});
    }
    stepped_ = true;
    state->random = base::Random(seed);
    state->engine.reseed(seed);
    threads = std::exchange(state->target, 1);
  }
  try {
    start();
  } catch (...) {  // nobody will step it, but it may be started
    auto state = state_.lock();
    stepped_ = state->started = state->leasing = false;
    state->workers.clear();
    state->target = threads;
    throw;
  }
  hub_.refuse_to_wait();
}

Stepper::Did Manager::step() {
  const std::shared_ptr<Manager> alive = shared_from_this();  // a handler may destroy whatever drives it
  const Stepper::Did did = take_step();
  finish_stop();
  return did;
}

Stepper::Did Manager::take_step() {
  if (in_own_thread() || state_.lock()->running > 0) {
    throw Exception(Error{Errc::invalid, "step() runs handlers, so a handler must not call it, nor a hook"});
  }
  const OwnThread own(*this);
  look_after(false);
  Aftermath after;
  auto state = state_.lock();
  if (state->closed) return Stepper::Did::nothing;
  const std::shared_ptr<Worker> self = state->workers.front();
  Stepper::Did did = Stepper::Did::nothing;
  if (run_next(state, *self, after)) {
    did = Stepper::Did::ran;
    if (self->abandoned) {  // its handler had been given up before it returned, and another has its place
      --state->stuck;
      std::erase(state->left_behind, self);
    }
  } else if (exchange_once(state, after)) {
    did = Stepper::Did::exchanged;
  }
  if (!after.empty()) conclude(state, after);
  state.unlock();
  if (did == Stepper::Did::nothing) flush_failures(SIZE_MAX);
  return did;
}

// True when it brought something, or said something. There is no bell to wait for: it looks.
bool Manager::exchange_once(Locked& state, Aftermath& after) {
  const std::size_t unsaid = state->engine.unsettled(), served = state->served.size();
  state->claimed = false;
  state->engine.ring();
  ++state->idle;
  const bool sent = exchange(state, after, true);
  --state->idle;
  return sent && (unsaid > 0 || state->claimed || state->served.size() != served);
}

bool Manager::beat() { return look_after(true); }

// Whether a cancel is wanted, the store says when leases are extended. Steps follow each other closely: they ask
// for that alone as rarely as the keeper does in a storm of rings.
bool Manager::look_after(bool ask) {
  Aftermath after;
  auto state = state_.lock();
  if (state->closed) return false;
  (void)patrol(*state, now(), after);
  if (!after.empty()) conclude(state, after);
  const Instant at = now();
  ask |= at - state->asked >= kAskEvery;
  if (ask) state->asked = at;
  (void)extend(state, ask, after);
  return state->engine.held() > 0 || state->running > 0;
}

std::optional<Instant> Manager::next_step() {
  auto state = state_.lock();
  std::optional<Instant> next;
  auto earlier = [&next](std::optional<Instant> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  earlier(state->scheduler.next_due());
  if (limiter_ && state->scheduler.ready() > 0) earlier(state->no_start_before);
  earlier(state->engine.plan_at());
  if (state->leasing) earlier(state->engine.work_at());
  if (state->leasing && state->engine.not_before() > now()) earlier(state->engine.not_before());  // it asks again
  return next;
}

// True: a handler or a hook runs, and the stop is finished when it has returned.
bool Manager::put_off_stop() {
  Aftermath after;
  auto state = state_.lock();
  if (!in_own_thread() && state->running == 0) return false;
  state->stop_put_off = true;
  begin_stop(*state, true, now(), after);
  conclude(state, after);
  return true;
}

void Manager::finish_stop() noexcept {
  if (state_.lock()->stop_put_off) stop_for_good();
}

void Manager::end_stepping() noexcept {
  when_accepted({});
  finish_stop();
}

void Manager::abandon() noexcept {
  auto state = state_.lock();
  state->stopping = state->stop_now = state->closing = state->closed = true;
  state->leasing = false;
  state.unlock();
  hub_.close();
}

void Manager::refuse_to_wait() const {
  if (stepped_) throw Exception(results::would_wait());
}

}  // namespace penstock::impl

namespace penstock {

Stepper::Stepper(TaskManager& tasks, std::uint64_t seed) : manager_(tasks.impl_) { manager_->begin_stepping(seed); }
Stepper::~Stepper() { manager_->end_stepping(); }
Stepper::Did Stepper::step() { return manager_->step(); }
bool Stepper::beat() { return manager_->beat(); }
std::optional<Clock::Instant> Stepper::next() const { return manager_->next_step(); }
void Stepper::when_accepted(std::function<void()> f) { manager_->when_accepted(std::move(f)); }
void Stepper::abandon() noexcept { manager_->abandon(); }

}  // namespace penstock
