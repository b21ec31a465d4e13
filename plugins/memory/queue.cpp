#include "queue.hpp"

#include <mutant.hpp>

namespace penstock::memory {
std::uint32_t Queue::find(const TaskId& id) const noexcept {
  return index_.find(pool_.hash(id),
                     [&](std::uint32_t ref) { return (ref & kGone ? gone_[ref].id : pool_.tasks[ref].id) == id; });
}

Admission Queue::admit(const NewTask& n, const Now& now, bool limited) {
  const std::uint32_t known = find(n.key.id);
  if (known != kNone) {
    if (known & kGone) return {Item::exists, n.key.id};
    const Task& t = pool_.tasks[known];
    return {t.kind == n.kind && t.body == n.body ? Item::exists : Item::conflict, n.key.id};
  }
  const UniqueKeys::Entry* holder = n.unique.empty() ? nullptr : keys_.taken(n.unique, now.wall);
  const std::uint32_t replaced = holder && holder->held && n.replace ? waiting(holder->holder) : kNone;
  if (holder && replaced == kNone) return {Item::conflict, holder->holder};
  const std::uint64_t depth = count(State::scheduled) + count(State::ready) - (replaced != kNone);
  if (limited && n.queue_limit != 0 && depth >= n.queue_limit) return {Item::full, n.key.id};
  if (limited && pool_.full() && replaced == kNone) return {Item::full, n.key.id};
  if (replaced != kNone) end(replaced, State::cancelled, Millis(0), now);
  make(n, now);
  return {Item::ok, n.key.id};
}

// The record of a task that waits; kNone when it is in another state.
std::uint32_t Queue::waiting(const TaskId& id) const noexcept {
  const std::uint32_t ref = find(id);
  if (ref == kNone || (ref & kGone)) return kNone;
  const State s = pool_.tasks[ref].state;
  return s == State::ready || s == State::scheduled ? ref : kNone;
}

void Queue::make(const NewTask& n, const Now& now) {
  const std::uint32_t slot = pool_.tasks.next();
  Task& t = pool_.tasks[slot];
  t.id = n.key.id;
  t.priority = n.priority;
  t.weight = n.weight;
  t.enqueued = now.wall;
  t.kind.assign(n.kind);
  t.body.assign(n.body);
  t.unique = n.unique.empty() ? nullptr : std::make_unique<UniqueClaim>(n.unique, n.unique_while);
  t.flow = &flows_.of(n.fair, n.gates, now);
  flows_.join(*t.flow);
  t.state = State::held;  // of no queue's count yet; enter() takes it out again
  ++tally(State::held);
  try {
    index_.make_room();
    const std::uint64_t arrival = ++pool_.arrivals;
    arrivals_.push(arrival, slot, records(), pool_.arrived());
    t.arrival = arrival;
    if (t.unique) keys_.take(n.unique, t.id, n.unique_for > Millis(0) ? later(now.wall, n.unique_for) : Time{});
    wait(slot, n.due ? *n.due : later(now.wall, n.delay), now);
  } catch (...) {
    --tally(State::held);
    t.arrival = 0;
    if (t.unique) keys_.release(n.unique, t.id, Time::max());
    flows_.part(*t.flow, now);
    throw;
  }
  index_.insert(pool_.hash(t.id), slot);
  pool_.tasks.take();
  used_ = true;
}

Item Queue::cancel(const TaskId& id, const Now& now) {
  const std::uint32_t ref = find(id);
  if (ref == kNone) return Item::not_found;
  if (ref & kGone) return Item::finished;
  Task& t = pool_.tasks[ref];
  if (ended(t.state)) return Item::finished;
  if (t.state == State::leased) {
    t.stop = true;
    pool_.batches[t.batch].asked = true;
    pool_.bell.work();
    return Item::requested;
  }
  end(ref, State::cancelled, kKeepForever, now);
  return Item::ok;
}

std::optional<Record> Queue::get(const TaskId& id, const Now& now) {
  const std::uint32_t ref = find(id);
  if (ref == kNone) return std::nullopt;
  if (ref & kGone) {
    const Tombstone& g = gone_[ref];
    Record r;
    r.state = static_cast<State>(g.state);
    r.epoch = g.epoch;
    r.ended = g.ended;
    r.tombstone = true;
    return r;
  }
  Task& t = pool_.tasks[ref];
  Record r = record(t, now);
  t.watched = !ended(t.state);
  return r;
}

Record Queue::record(const Task& t, const Now& now) const {
  Record r;
  const bool due = t.state == State::scheduled && t.due <= now.wall;
  r.state = due ? State::ready : t.state;
  r.kind = t.kind;
  r.body = t.body;
  r.note = t.note;
  r.epoch = t.epoch;
  r.priority = t.priority;
  r.weight = t.weight;
  r.failures = t.failures;
  r.crashes = t.crashes;
  r.begun = t.state == State::leased && t.begun;
  r.cancel_requested = t.state == State::leased && t.stop;
  r.enqueued = t.enqueued;
  r.fair = t.flow->fair;
  for (const Gate* g : t.flow->gates) r.gates.emplace_back(g->name);
  if (t.unique) r.unique = t.unique->key;
  if (r.state == State::scheduled) r.due = t.due;
  if (ended(t.state)) r.ended = t.ended;
  return r;
}

Counts Queue::counts(const std::string& name) const {
  Counts c;
  c.queue = name;
  c.by_state = counts_;
  for (const Ended& e : ended_) c.bytes_ended += e.bytes;
  return c;
}

void Queue::wait(std::uint32_t slot, Time due, const Now& now) {
  Task& t = pool_.tasks[slot];
  const bool ready = due <= now.wall;
  if (ready) {
    flows_.push(slot);
  } else {
    scheduled_.push({rising(due.time_since_epoch().count()), t.arrival, slot, t.ticket + 1}, count(State::scheduled),
                    pool_.task_ticket());
  }
  enter(t, ready ? State::ready : State::scheduled, now);
  t.due = due;
  if (!ready || !flows_.blocked(t)) pool_.bell.work();
}

void Queue::end(std::uint32_t slot, State end, Millis keep, const Now& now) {
  if (keep == Millis::zero()) return bury(slot, end, now.wall, now.boot, now);
  Task& t = pool_.tasks[slot];
  Ended& e = ended_as(end);
  const std::uint64_t turn = ++pool_.ends;
  e.order.push(turn, slot, count(end), pool_.kept());
  if (keep != kKeepForever) {
    e.keeps.push({rising(later(now.boot, keep).count()), turn, slot, t.ticket + 1}, count(end), pool_.task_ticket());
  }
  enter(t, end, now);
  t.end = turn;
  t.ended = now.wall;
  t.since = now.boot;
  e.bytes += t.body.size() + t.note.size();
}

void Queue::bury(std::uint32_t slot, State end, Time ended, Millis since, const Now& now) {
  Task& t = pool_.tasks[slot];
  const std::uint32_t stone = gone_.push({.id = t.id,
                                          .epoch = t.epoch,
                                          .ended = ended,
                                          .since = static_cast<std::uint64_t>(since.count()) & ((1ull << 61) - 1),
                                          .state = static_cast<std::uint64_t>(end) & 7});
  index_.replace(pool_.hash(t.id), slot, stone);
  enter(t, end, now);
  --tally(end);
  flows_.part(*t.flow, now);
  pool_.free_task(slot);
}

void Queue::enter(Task& t, State next, const Now& now) noexcept {
  const State was = t.state;
  if (was == State::leased) unlease(t);
  if (ended(t.state)) {
    ended_as(t.state).bytes -= t.body.size() + t.note.size();
    t.end = 0;
  }
  if (ended(next) && t.watched) {
    t.watched = false;
    pool_.bell.ring();
  }
  ++t.ticket;
  --tally(was);
  ++tally(next);
  t.state = next;
  if (was == State::leased && next != State::leased && !mutant("memory.slot.kept")) flows_.returned(t, now);
  if (was == State::ready && next == State::leased) flows_.claimed(t, now);
  if (was == State::ready && next != State::leased) flows_.unready(t, now);
  if (next == State::ready) flows_.ready(t, now);
  const bool done = ended(next) && !mutant("memory.unique.kept");
  if (t.unique && (done || (next == State::leased && t.unique->mode == Unique::waiting))) {
    keys_.release(t.unique->key, t.id, now.wall);
  }
}

}  // namespace penstock::memory
