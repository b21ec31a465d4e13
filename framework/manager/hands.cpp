// Dealing short closures to workers, and taking them back: hand.hpp.
#include <algorithm>
#include <mutant.hpp>

#include "manager/impl.hpp"

namespace penstock::impl {
namespace {

constexpr std::chrono::nanoseconds kShort{5'000};       // closures up to this, on average, are dealt
constexpr std::chrono::nanoseconds kComesBack{20'000};  // so soon after it took some, a worker is back for more
constexpr std::chrono::nanoseconds kNotShort{1'000'000};
constexpr Millis kPlayedOut{1};  // what has not come to its end by then is taken back

}  // namespace

void Manager::note_length(ManagerState& state, std::chrono::nanoseconds ran) {
  state.closure_ns += (double(ran.count()) - state.closure_ns) / 8;
}

// Whether closures are short, nobody waits for the end of one, and the watchdog is there.
bool Manager::deals(const ManagerState& state) const {
  return real_time_ && !stepped_ && !limiter_ && options_.local_limit == 0 && state.awaiting == 0 &&
         state.watching_idle == 0 && !state.watchdog_tells && !state.stopping &&
         state.closure_ns <= double(kShort.count());
}

// Deals the worker, which has begun the first one, as many as wait: of one queue only, so that turns are kept.
void Manager::deal(ManagerState& state, Worker& self, LocalTask& first, Instant at, Aftermath& after) {
  if (!state.scheduler.one_queue() || !deals(state)) return;
  auto hand = self.hand.lock();
  auto add = [&](LocalTask& task) {
    Hand::Card& card = hand->cards[hand->count++];
    card.task = &task;
    card.id = state.local.id_of(task);
  };
  hand->current = hand->count = 0;
  add(first);
  hand->cards[0].started = at;
  while (hand->count < Hand::kMost && state.scheduler.one_queue()) {
    if (static_cast<Runnable*>(state.scheduler.peek(at))->durable) break;
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
LocalTask* Manager::play(Worker& self, Outcome& outcome, Instant at) {
  if (outcome.verb != Outcome::Verb::done || self.stop_shared.load(std::memory_order_relaxed)) return nullptr;
  auto hand = self.hand.lock();
  if (hand->current + 1 >= hand->count) return nullptr;  // played out, or taken back
  hand->cards[hand->current].outcome = std::move(outcome);
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

// Once the hand is empty its worker leaves the cards alone, until it is dealt others under the manager's lock.
void Manager::take_back(ManagerState& state, Worker& worker, Instant at, Aftermath& after) {
  if (!worker.dealt) return;
  worker.dealt.reset();
  --state.dealt;
  auto hand = worker.hand.lock();
  const std::size_t count = std::exchange(hand->count, 0), current = hand->current;
  auto& cards = hand->cards;
  hand.unlock();
  for (std::size_t i = 0; i < current; ++i) {
    Hand::Card& card = cards[i];
    returned(state, worker, *card.task, std::move(card.outcome), card.ran, card.started + card.ran, after);
    count_begun(state, *cards[i + 1].task, cards[i + 1].started);
  }
  for (std::size_t i = current + 1; i < count; ++i) state.scheduler.push(cards[i].task, at, at);
  if (current == 0) state.closure_ns = std::max(state.closure_ns, double(kNotShort.count()));  // dealt in vain
}

void Manager::take_back_each(ManagerState& state, Instant at, Aftermath& after) {
  for (const auto& worker : state.workers) take_back(state, *worker, at, after);
  wake_for_ready(state, after);
}

// For those who only look at tasks: what there is to tell of them is not theirs to tell.
void Manager::take_back_all(ManagerState& state, Aftermath& after) {
  if (state.dealt == 0 || mutant("manager.hand.unseen")) return;
  take_back_each(state, now(), after);
  after.move_news(state.untold);
  after.poke_watchdog |= !state.untold.empty();
}

// For those who wait for an end: none is dealt while they are counted, so nobody comes by himself either.
void Manager::end_dealing(ManagerState& state, Aftermath& after) {
  take_back_all(state, after);
  wake_for_ready(state, after);
}

// Takes back what was not played out in time. Returns when to look again.
Instant Manager::look_after_hands(ManagerState& state, Instant at, Aftermath& after) {
  const bool lately = at - state.last_start < kPlayedOut && deals(state);  // there will be others at once
  Instant next = lately ? at + kPlayedOut : Instant::max();
  for (const auto& worker : state.workers) {
    if (!worker->dealt || mutant("manager.hand.kept")) continue;
    if (*worker->dealt + kPlayedOut > at) {
      next = std::min(next, *worker->dealt + kPlayedOut);
      continue;
    }
    take_back(state, *worker, at, after);
    state.closure_ns = std::max(state.closure_ns, double(kNotShort.count()));
  }
  wake_for_ready(state, after);
  return next;
}

// Those who sleep are to come for what waits. With a rate limiter, what waits may not be theirs to start.
void Manager::wake_for_ready(ManagerState& state, Aftermath& after) {
  if (!limiter_ && state.scheduler.ready() > 0) wake_for(state, state.scheduler.ready(), after);
}

// Whether a worker that is awake comes for what waits before another could be woken: no more than one hand waits, and
// one that was told is on its way, or is at closures that it began a moment ago. If it does not, the watchdog sees.
bool Manager::somebody_comes(const ManagerState& state, Instant at, Aftermath& after) {
  if (state.scheduler.ready() > Hand::kMost || !deals(state)) return false;
  if (state.spinning && !state.signalled) return false;  // telling that one costs nothing
  const bool told = (state.spinning && state.signalled) || state.woken > 0;
  const bool back = state.recent && at - state.last_start < kComesBack;
  if (!told && !back) return false;
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
