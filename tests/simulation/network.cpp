// The wire between processes and the store, and the store's own answers.
#include <utility>

#include "simulation/process.hpp"
#include "simulation/world.hpp"

namespace penstock::simulation {

void World::call(Process& from, const Exchange& x, Answer answer) {
  ++tally_.calls;
  const int number = from.number();
  auto request = std::make_shared<Request>(x);
  auto later = [process = from.weak_from_this()](Millis delay, std::function<void(Process&)> f) {
    if (auto p = process.lock()) p->after(delay, std::move(f));
  };
  auto wrong = [&](bool kind) { return !calm_ && kind && random.below(1000) < faults_.per_mille; };
  auto reply = [later, answer](Millis delay, Result<Exchanged> result) {
    later(delay, [answer, result = std::move(result)](Process&) { answer(result); });
  };
  const Millis there(random.below(3)), back(random.below(3)), patience = lease / 4;
  const Error unknown{Errc::unknown_outcome, "no answer", true};
  if (wrong(faults_.refusals)) {
    ++tally_.refusals;
    return reply(there, Error{Errc::unavailable, "refused", true});
  }
  bool lost = wrong(faults_.lost_requests), dumb = wrong(faults_.lost_replies), late = wrong(faults_.late_requests),
       slow = wrong(faults_.slow_calls);
  if (lost || dumb || late || slow) from.weaken();
  auto in_vain = [answer, unknown](Process& process) {
    process.heal();
    answer(unknown);
  };
  if (lost) {
    ++tally_.lost_requests;
    return later(patience, in_vain);
  }
  if (late) {
    ++tally_.late_requests;
    later(patience, in_vain);
    events.after(patience + Millis(random.below(2 * static_cast<int>(lease.count()))),
                 [this, number, request] { (void)deliver(number, *request, true); });
    return;
  }
  if (dumb) {
    ++tally_.lost_replies;
    events.after(there, [this, number, request] { (void)deliver(number, *request, true); });
    return later(patience, in_vain);
  }
  Millis to = there, from_there = back;
  if (slow) {
    ++tally_.slow_calls;
    to = Millis(random.below(static_cast<int>(lease.count())));
    from_there = Millis(random.below(static_cast<int>(lease.count())));
  }
  events.after(to, [=, this] {
    Result<Exchanged> result = deliver(number, *request, false);
    later(from_there, [answer, slow, result = std::move(result)](Process& process) {
      if (slow) process.heal();
      answer(result);
    });
  });
}

Result<Exchanged> World::deliver(int process, const Request& request, bool unheard) {
  const Exchange x = request.exchange();
  Result<Exchanged> result = store_.exchange(x, time());
  if (!result) throw Violation("the store refused an exchange: " + result.error().message);
  for (std::size_t i = 0; i < x.settle.size(); ++i) {
    const Settlement& s = x.settle[i];
    const Item said = result->settled[i];
    tally_.stale += said == Item::lease_lost;
    bool left = said == Item::ok && s.to != State::leased;
    if (left && ledger.of(s.key.id).claimed == s.epoch) ledger.of(s.key.id).holder = 0;
    note("settle", process, Ledger::number(s.key.id),
         static_cast<std::uint64_t>(said) << 8 | static_cast<std::uint64_t>(s.to));
  }
  for (const Leased& l : result->leased) {
    note("claim", process, Ledger::number(l.id), l.epoch << 1 | l.lapsed);
    ledger.claimed(l, process, unheard || weak(process));
  }
  note_ends();
  ring_all();
  return result;
}

// Which tasks have ended since the last time: all that end are kept, so a number that is the same says none.
void World::note_ends() {
  std::uint64_t ends = 0;
  const auto counts = store_.counts();
  for (const Counts& c : counts.value()) {
    for (State s : {State::succeeded, State::dead, State::cancelled}) ends += c.by_state[static_cast<std::size_t>(s)];
  }
  if (std::exchange(ends_, ends) == ends) return;
  for (std::size_t n = 0; n < ledger.tasks.size(); ++n) {
    const Fate& t = ledger.tasks[n];
    if (!t.enqueued || t.ends > 0) continue;
    const TaskKey key{t.queue, Ledger::id(n)};
    if (ended(store_.get({&key, 1}, time()).value().at(0)->state)) ledger.ended(key.id);
  }
}

bool World::weak(int process) const {
  for (const auto& p : processes_) {
    if (p && p->number() == process) return p->weak();
  }
  return true;  // it is dead
}

Record World::record(const Leased& l) {
  const TaskKey key{l.queue, l.id};
  return store_.get({&key, 1}, time()).value().at(0).value();
}

void World::ring_all() {
  if (store_.bell() == bell_) return;
  bell_ = store_.bell();
  for (const auto& process : processes_) {
    if (process) process->after(Millis(random.below(3)), [](Process& p) { p.rung(); });
  }
}

}  // namespace penstock::simulation
