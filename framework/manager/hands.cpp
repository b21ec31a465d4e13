// Dealing short closures to workers, and taking them back: hand.hpp.
#include <algorithm>
#include <mutant.hpp>

#include "manager/attempted.hpp"
#include "manager/impl.hpp"

namespace penstock::impl {
namespace {

constexpr std::chrono::nanoseconds kShort{5'000};       // closures up to this, on average, are dealt
constexpr std::chrono::nanoseconds kComesBack{20'000};  // so soon after it took some, a worker is back for more
constexpr Millis kPlayedOut{1};                         // what has not come to its end by then is taken back

}  // namespace

void Manager::note_length(ManagerState& state, std::chrono::nanoseconds ran) {
  state.closure_ns += (double(ran.count()) - state.closure_ns) / 8;
}

// Whether closures are short, and nobody waits for the end of one.
bool Manager::deals(const ManagerState& state) const {
  return real_time_ && !stepped_ && !limiter_ && options_.local_limit == 0 && state.awaiting == 0 &&
         state.watching_idle == 0 && !state.stopping && state.closure_ns <= double(kShort.count());
}

// Deals the worker, which has begun the first one, as many as wait.
void Manager::deal(ManagerState& state, Worker& self, LocalTask& first, Instant at, Aftermath& after) {
  if (state.scheduler.ready() == 0 || !deals(state)) return;
  auto hand = self.hand.lock();
  auto add = [&](LocalTask& task) {
    Hand::Card& card = hand->cards[hand->count++];
    card.task = &task;
    card.id = state.local.id_of(task);
  };
  hand->current = 0;
  add(first);
  hand->cards[0].started = at;
  while (hand->count < Hand::kMost) {
    auto* next = static_cast<Runnable*>(state.scheduler.peek(at));
    if (!next || next->durable) break;
    add(static_cast<LocalTask&>(*state.scheduler.pop(at)));
  }
  if (hand->count == 1) {
    hand->count = 0;
    return;
  }
  self.dealt = at;
  ++state.dealt;
  watch_soon(at, after);
}

// The next closure of the hand, when this one has ended well; null: the worker has to settle what it has.
LocalTask* Manager::play(Worker& self, Attempted& attempted, Instant at) {
  if (attempted.outcome.verb != Outcome::Verb::done || self.stop_shared.load(std::memory_order_relaxed)) return nullptr;
  auto hand = self.hand.lock();
  if (hand->current + 1 >= hand->count) return nullptr;
  hand->cards[hand->current].outcome = std::move(attempted.outcome);
  hand->cards[hand->current].ran = at - self.run.started;
  Hand::Card& next = hand->cards[++hand->current];
  next.started = at;
  self.run.task = next.task;
  self.run.id = next.id;
  self.run.started = at;
  self.run.deadline.store(Instant::max().time_since_epoch().count(), std::memory_order_relaxed);
  self.run.ready.store(false, std::memory_order_relaxed);
  return next.task;
}

void Manager::take_back(ManagerState& state, Worker& worker, Instant at, Aftermath& after) {
  if (!worker.dealt) return;
  worker.dealt.reset();
  --state.dealt;
  auto hand = worker.hand.lock();
  for (std::size_t i = 0; i < hand->current; ++i) {
    Hand::Card& card = hand->cards[i];
    Attempted attempted;
    attempted.outcome = std::move(card.outcome);
    attempted.ran = card.ran;
    finish(state, worker, *card.task, std::move(attempted), card.started + card.ran, after);
    const Hand::Card& next = hand->cards[i + 1];
    count_begun(state, *next.task, next.started);
  }
  for (std::size_t i = hand->current + 1; i < hand->count; ++i) state.scheduler.push(hand->cards[i].task, at, at);
  hand->count = 0;
}

void Manager::take_back_all(ManagerState& state, Aftermath& after) {
  if (state.dealt == 0 || mutant("manager.hand.unseen")) return;
  const Instant at = now();
  for (const auto& worker : state.workers) take_back(state, *worker, at, after);
  wake_for(state, state.scheduler.ready(), after);
}

// Takes back what was not played out in time. Returns when to look again.
Instant Manager::look_after_hands(ManagerState& state, Instant at, Aftermath& after) {
  for (const auto& worker : state.workers) {
    if (!worker->dealt || *worker->dealt + kPlayedOut > at || mutant("manager.hand.kept")) continue;
    take_back(state, *worker, at, after);
    state.closure_ns = std::max(state.closure_ns, double((at - worker->run.started).count()));
  }
  if (!limiter_ && state.scheduler.ready() > 0) wake_for(state, state.scheduler.ready(), after);
  const bool lately = at - state.last_start < kPlayedOut && deals(state);
  return state.dealt > 0 || lately ? at + kPlayedOut : Instant::max();
}

// Whether a worker that is awake will come for what waits before another could be woken: no more than one hand is
// waiting, and somebody is looking for some, or began short closures a moment ago. If he does not, the watchdog sees.
bool Manager::somebody_comes(const ManagerState& state, Instant at, Aftermath& after) {
  if (state.scheduler.ready() > Hand::kMost || !deals(state)) return false;
  const bool looks = (state.spinning && state.signalled) || state.woken > 0;
  const bool back = state.running > 0 && at - state.last_start < kComesBack;
  if (!looks && !back) return false;
  watch_soon(at, after);
  return true;
}

void Manager::watch_soon(Instant at, Aftermath& after) {
  const Instant::rep soon = (at + kPlayedOut).time_since_epoch().count();
  if (watchdog_at_.load() <= soon) return;
  watchdog_at_ = soon;
  after.poke_watchdog = true;
}

}  // namespace penstock::impl
