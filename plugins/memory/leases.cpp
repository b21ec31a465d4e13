// The part of Queue that deals with leases: settling, extending, claiming.
#include <algorithm>
#include <mutant.hpp>
#include <utility>

#include "queue.hpp"

namespace penstock::memory {
namespace {

constexpr std::uint32_t kPromoted = 1000;  // per claim

// The answer to a settlement that does not find its task leased under its epoch.
Item late(State state, Epoch epoch, const Settlement& s) noexcept {
  if (s.epoch == 0 || epoch != s.epoch || state == State::leased) return Item::lease_lost;
  if (ended(s.to)) return state == s.to ? Item::ok : Item::lease_lost;
  if (s.to == State::leased) return Item::lease_lost;
  if (state == State::cancelled) return Item::requested;
  return ended(state) ? Item::lease_lost : Item::ok;
}

}  // namespace

Item Queue::settle(const Settlement& s, const Now& now) {
  const std::uint32_t ref = find(s.key.id);
  if (ref == kNone) return Item::not_found;
  if (ref & kGone) return late(static_cast<State>(gone_[ref].state), gone_[ref].epoch, s);
  Task& t = pool_.tasks[ref];
  const bool current = t.epoch == s.epoch || mutant("memory.settle.no_fence");
  if (t.state != State::leased || !current) return late(t.state, t.epoch, s);

  // Children first: were they to fail, the settlement could be sent again. The key is theirs to take.
  if (t.unique && (ended(s.to) || (s.to == State::ready && t.stop))) keys_.release(t.unique->key, t.id, now.wall);
  for (const NewTask& child : s.children) (void)admit(child, now, false);
  const bool keeps_note = !ended(s.to) || s.keep != Millis::zero();
  if (!s.note.empty() && keeps_note) t.note.assign(s.note);
  const auto charge = [&, before = std::pair(t.failures, t.crashes)]() noexcept {
    t.failures = before.first + (s.charge == Charge::failure);
    t.crashes = before.second + (s.charge == Charge::crash);
  };
  if (s.to == State::leased) {
    if (!t.begun) charge();
    t.begun = true;
    return Item::ok;
  }
  if (s.to == State::ready) {
    if (s.unstarted) flows_.refund(t);
    const bool stop = t.stop;
    if (stop) {
      end(ref, State::cancelled, kKeepForever, now);
    } else {
      wait(ref, later(now.wall, s.delay), now);
    }
    charge();
    return stop ? Item::requested : Item::ok;
  }
  end(ref, s.to, s.keep, now);
  if (keeps_note) charge();
  return Item::ok;
}

Extended Queue::extend(Epoch epoch, Millis until) {
  Extended out;
  const std::size_t at = batches_.after(epoch - 1);
  if (epoch == 0 || at == batches_.size() || batches_[at].key != epoch || !pool_.held()(batches_[at])) {
    out.what = Item::lease_lost;
    return out;
  }
  const std::uint32_t ref = batches_[at].ref;
  Batch& b = pool_.batches[ref];
  out.stop = b.taken;
  if (b.asked) {
    for (std::uint32_t slot : b.tasks) {
      if (slot != kNone && pool_.tasks[slot].stop) out.stop.push_back(pool_.tasks[slot].id);
    }
  }
  leases_.push({rising(until.count()), epoch, ref, b.ticket + 1}, batches_live_, pool_.batch_ticket());
  ++b.ticket;
  if (until < b.until) pool_.bell.work();  // it may lapse before the time that claimers were told
  b.until = until;
  return out;
}

void Queue::refresh(const Now& now) {
  for (std::uint32_t n = 0; n < kPromoted; ++n) {
    const Heap::Entry* e = scheduled_.top(pool_.task_ticket());
    if (!e || unrising(e->major) > now.wall.time_since_epoch().count()) break;
    const std::uint32_t slot = e->ref;
    flows_.push(slot);
    scheduled_.pop();
    enter(pool_.tasks[slot], State::ready, now);
  }
  while (const Heap::Entry* e = leases_.top(pool_.batch_ticket())) {
    if (unrising(e->major) + mutant("memory.lease.lapses_late") > now.boot.count()) break;
    lapsed_.push({e->minor, 0, e->ref, e->ticket}, batches_live_, pool_.batch_ticket());
    leases_.pop();
  }
  flows_.refresh(now);
}

void Queue::claim(std::string_view name, std::uint32_t most, std::uint32_t& batch, Claim& c, const Now& now) {
  if (flows_.shut(now)) return;
  const std::size_t end_at = std::min<std::size_t>(c.leased.size() + most, c.limit);
  claim_lapsed(name, end_at, batch, c, now);
  claim_ready(name, end_at, batch, c, now);
}

void Queue::claim_lapsed(std::string_view name, std::size_t end_at, std::uint32_t& batch, Claim& c, const Now& now) {
  while (c.leased.size() < end_at) {
    const Heap::Entry* e = lapsed_.top(pool_.batch_ticket());
    if (!e) break;
    Batch& b = pool_.batches[e->ref];
    while (b.tasks[b.head] == kNone) ++b.head;
    const std::uint32_t slot = b.tasks[b.head];
    if (pool_.tasks[slot].stop) {
      b.taken.push_back(pool_.tasks[slot].id);  // its holder, if it lives, is told to stop
      end(slot, State::cancelled, kKeepForever, now);
    } else {
      lease(slot, name, batch, c, now);
    }
  }
}

void Queue::claim_ready(std::string_view name, std::size_t end_at, std::uint32_t& batch, Claim& c, const Now& now) {
  const std::size_t at_once = c.limit - std::min(c.limit, c.ahead);
  while (c.leased.size() < end_at) {
    const std::size_t have = c.leased.size();
    const bool ahead = have >= at_once;
    const Flows::Choice choice = flows_.choose((ahead ? end_at : std::min(end_at, at_once)) - have, ahead, now);
    if (choice.count == 0) break;
    for (std::uint64_t n = 0; n < choice.count; ++n) {
      const Heap::Entry* e = choice.flow->ready.top(pool_.task_ticket());
      lease(e->ref, name, batch, c, now);
      choice.flow->ready.pop();
    }
    flows_.served(*choice.flow, now);
  }
}

std::uint32_t Queue::open_batch(Claim& c) {
  const std::uint32_t ref = pool_.batches.next();
  Batch& b = pool_.batches[ref];
  b.tasks.reserve(std::min<std::uint64_t>(c.limit, count(State::ready) + count(State::leased)));
  const Epoch epoch = ++pool_.epochs;
  leases_.push({rising(c.until.count()), epoch, ref, b.ticket + 1}, batches_live_, pool_.batch_ticket());
  batches_.push(epoch, ref, batches_live_, pool_.held());
  ++b.ticket;
  b.epoch = epoch;
  b.until = c.until;
  ++batches_live_;
  pool_.batches.take();
  return ref;
}

void Queue::lease(std::uint32_t slot, std::string_view name, std::uint32_t& batch, Claim& c, const Now& now) {
  Task& t = pool_.tasks[slot];
  const bool lapsed = t.state == State::leased;
  Leased l;
  l.queue.assign(name);
  l.kind = t.kind;
  l.body = t.body;
  l.note = t.note;
  if (lapsed) pool_.batches[t.batch].taken.push_back(t.id);
  if (batch == kNone) batch = open_batch(c);
  // Nothing below throws.
  Batch& b = pool_.batches[batch];
  const bool begin = !lapsed && t.crashes == 0 && c.begin > 0;
  if (begin) --c.begin;
  l.id = t.id;
  l.epoch = b.epoch;
  l.priority = t.priority;
  l.weight = t.weight;
  l.failures = t.failures;
  l.crashes = t.crashes;
  l.lapsed = lapsed;
  l.begun = lapsed ? bool{t.begun} : begin;
  enter(t, State::leased, now);
  t.begun = begin;
  t.stop = false;
  t.epoch = b.epoch;
  t.batch = batch;
  t.place = static_cast<std::uint32_t>(b.tasks.size());
  b.tasks.push_back(slot);
  ++b.live;
  c.leased.push_back(std::move(l));
}

void Queue::unlease(Task& t) noexcept {
  Batch& b = pool_.batches[t.batch];
  b.tasks[t.place] = kNone;
  t.begun = t.stop = false;
  if (--b.live != 0) return;
  pool_.free_batch(t.batch);
  --batches_live_;
}

std::optional<Millis> Queue::next_due(const Now& now) noexcept {
  const std::optional<Millis> reopens = flows_.shut(now) ? flows_.reopens() : std::optional(Millis(0));
  if (!reopens) return std::nullopt;
  std::optional<Millis> next;
  const auto at = [&next](Millis when) { next = std::max(Millis(0), next ? std::min(*next, when) : when); };
  if (lapsed_.top(pool_.batch_ticket()) || flows_.claimable(now)) at(Millis(0));
  if (count(State::ready) != 0) {
    if (const auto opening = flows_.next_opening(now)) at(*opening - now.boot);
  }
  if (const Heap::Entry* e = scheduled_.top(pool_.task_ticket())) {
    at(Millis(unrising(e->major)) - now.wall.time_since_epoch());
  }
  if (const Heap::Entry* e = leases_.top(pool_.batch_ticket())) at(Millis(unrising(e->major)) - now.boot);
  return next && flows_.shut(now) ? std::max(*next, *reopens - now.boot) : next;
}

}  // namespace penstock::memory
