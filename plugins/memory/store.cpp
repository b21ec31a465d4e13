#include "store.hpp"

#include <algorithm>
#include <charconv>

#include <penstock/plugin/names.hpp>

#include "../shared/call_checks.hpp"

namespace penstock::memory {
namespace {

// Of an item whose queue does not exist.
Item nowhere(std::string_view queue) noexcept { return valid_name(queue) ? Item::not_found : Item::invalid; }

}  // namespace

Queue* Store::Finder::operator()(std::string_view name) {
  if (found_ && name == name_) return found_;
  const auto at = queues_.find(name);
  found_ = at == queues_.end() ? nullptr : &at->second;
  if (found_) name_ = at->first;
  return found_;
}

Result<Exchanged> Store::exchange(const Exchange& x, const Now& now) {
  if (auto e = shared::wrong(x)) return *e;
  Exchanged out;
  Finder find(queues_);
  shared::Items items(pool_.limits.max_body);
  out.settled.reserve(x.settle.size());
  for (const Settlement& s : x.settle) {
    Queue* q = find(s.key.queue);
    const bool valid = items.valid(s);
    out.settled.push_back(!valid ? Item::invalid : q ? q->settle(s, now) : nowhere(s.key.queue));
  }
  const Millis until = later(now.boot, x.lease);
  out.extended.reserve(x.extend.size());
  for (const Held& h : x.extend) {
    Queue* q = find(h.queue);
    out.extended.push_back(q ? q->extend(h.epoch, until) : Extended{Item::lease_lost, {}});
  }
  claim(x, out, now);
  if (out.leased.size() < x.limit) pool_.bell.armed = true;
  out.bell = pool_.bell.count;
  return out;
}

void Store::claim(const Exchange& x, Exchanged& out, const Now& now) {
  struct Draw {
    const Share* share;
    Queue* queue;
    std::uint32_t batch;
  };
  std::vector<Draw> draws;
  draws.reserve(x.claim.size());
  std::uint64_t room = 0;
  Finder find(queues_);
  for (const Share& s : x.claim) {
    Queue* q = find(s.queue);
    if (!q) continue;
    q->refresh(now);
    room += q->count(State::ready) + q->count(State::leased);
    draws.push_back({&s, q, kNone});
  }
  if (held_until_ > now.boot) {
    if (held_until_ != Millis::max() && !draws.empty()) out.next_due = held_until_ - now.boot;
    return;
  }
  out.leased.reserve(std::min<std::uint64_t>(room, x.limit));
  Claim c{x.limit, x.begin, x.ahead, later(now.boot, x.lease), out.leased};
  for (Draw& d : draws) d.queue->claim(d.share->queue, d.share->quota, d.batch, c, now);
  for (Draw& d : draws) d.queue->claim(d.share->queue, x.limit, d.batch, c, now);
  for (Draw& d : draws) {
    const auto due = d.queue->next_due(now);
    if (due) out.next_due = out.next_due ? std::min(*out.next_due, *due) : *due;
  }
}

Result<std::vector<Admission>> Store::enqueue(std::span<const NewTask> tasks, const Guard* guard, const Now& now) {
  if (auto e = shared::wrong(tasks)) return *e;
  if (guard) {
    if (auto e = shared::wrong_document(guard->document, guard->value, pool_.limits.max_body)) return *e;
    const std::uint64_t seen = documents_.revision(guard->document);
    if (seen != guard->revision) return shared::outdated(guard->document, guard->revision, seen);
  }
  std::vector<Admission> out;
  out.reserve(tasks.size());
  Finder find(queues_);
  shared::Items items(pool_.limits.max_body);
  for (const NewTask& t : tasks) {
    out.push_back(items.valid(t) ? admit(t, find, now) : Admission{Item::invalid, t.key.id});
  }
  if (guard) documents_.set(guard->document, guard->value);
  return out;
}

Admission Store::admit(const NewTask& t, Finder& find, const Now& now) {
  Queue* q = find(t.key.queue);
  if (!q) {
    if (!valid_name(t.key.queue)) return {Item::invalid, t.key.id};
    if (pool_.full()) return {Item::full, t.key.id};
    q = &queues_.try_emplace(std::string(t.key.queue), pool_).first->second;
  }
  return q->admit(t, now, true);
}

template <class Do>
std::vector<Item> Store::each(std::span<const TaskKey> keys, Do act) {
  std::vector<Item> out;
  out.reserve(keys.size());
  Finder find(queues_);
  for (const TaskKey& k : keys) {
    Queue* q = find(k.queue);
    out.push_back(q ? act(*q, k.id) : nowhere(k.queue));
  }
  return out;
}

Result<std::vector<Item>> Store::cancel(std::span<const TaskKey> keys, const Now& now) {
  if (auto e = shared::wrong(keys)) return *e;
  return each(keys, [&](Queue& q, const TaskId& id) { return q.cancel(id, now); });
}

Result<std::vector<std::optional<Record>>> Store::get(std::span<const TaskKey> keys, const Now& now) {
  if (auto e = shared::wrong(keys)) return *e;
  std::vector<std::optional<Record>> out;
  out.reserve(keys.size());
  Finder find(queues_);
  for (const TaskKey& k : keys) {
    Queue* q = find(k.queue);
    out.push_back(q ? q->get(k.id, now) : std::nullopt);
  }
  return out;
}

Result<std::vector<Counts>> Store::counts() const {
  std::vector<Counts> out;
  for (const auto& [name, q] : queues_) {
    if (q.used()) out.push_back(q.counts(name));
  }
  return out;
}

Result<std::uint64_t> Store::trim(const Retention& r, const Now& now) {
  if (auto e = shared::wrong(r)) return *e;
  const auto at = queues_.find(r.queue);
  return at == queues_.end() ? 0 : at->second.trim(r, now);
}

bool Store::forget(std::string_view queue, const Now& now, std::uint32_t at_most) noexcept {
  const auto at = queues_.find(queue);
  return at != queues_.end() && at->second.forget(now, at_most);
}

Result<std::vector<std::pair<TaskId, Record>>> Store::list(const Filter& f, std::string& next, const Now& now) {
  std::uint64_t after = 0;
  const char* end = f.cursor.data() + f.cursor.size();
  if (!f.cursor.empty() && std::from_chars(f.cursor.data(), end, after).ptr != end) {
    return Error{Errc::invalid, "not a cursor: " + std::string(f.cursor)};
  }
  std::vector<std::pair<TaskId, Record>> page;
  std::uint64_t seen = 0;
  const auto at = queues_.find(f.queue);
  if (at != queues_.end() && f.at_most != 0) page = at->second.list(f, after, seen, now);
  next = seen == 0 ? std::string() : std::to_string(seen);
  return page;
}

Result<std::vector<Item>> Store::move(std::span<const TaskKey> keys, State from, State to, Millis delay,
                                      const Now& now) {
  if (auto e = shared::wrong_move(keys, from, to, delay)) return *e;
  return each(keys, [&](Queue& q, const TaskId& id) { return q.move(id, from, to, delay, now); });
}

Result<std::uint64_t> Store::put(const Document& d) {
  if (auto e = shared::wrong_document(d.name, d.value, pool_.limits.max_body)) return *e;
  const std::uint64_t seen = documents_.revision(d.name);
  if (seen != d.revision) return shared::outdated(d.name, d.revision, seen);
  return documents_.set(d.name, d.value);
}

// The queue whose gates are to be set; it comes into being for that.
Queue* Store::queue_for_gate(std::string_view queue) {
  const auto at = queues_.find(queue);
  return at != queues_.end() ? &at->second : &queues_.try_emplace(std::string(queue), pool_).first->second;
}

Result<void> Store::limit(std::string_view queue, std::string_view gate, Layer layer, const Limit* limit,
                          const Now& now) {
  if (auto e = shared::wrong_limit(queue, gate, limit)) return *e;
  return queue_for_gate(queue)->gates().limit(gate, layer, limit, now);
}

Result<void> Store::hold(std::string_view queue, std::string_view gate, Millis at_most, const Now& now) {
  if (auto e = shared::wrong_hold(queue, gate, at_most)) return *e;
  if (queue == "*" && gate.empty()) {
    held_until_ = at_most == Millis(0) ? Millis(0) : std::max(held_until_, later(now.boot, at_most));
    pool_.bell.work();
    return {};
  }
  return queue_for_gate(queue)->gates().hold(gate, at_most, now);
}

Result<std::vector<GateState>> Store::gates(std::string_view queue, const Now& now) const {
  std::vector<GateState> out;
  if (held_until_ > now.boot && (queue.empty() || queue == "*")) {
    GateState& all = out.emplace_back();
    all.queue = "*";
    all.held = held_until_ == Millis::max() ? kHoldForever : held_until_ - now.boot;
  }
  for (const auto& [name, q] : queues_) {
    if (queue.empty() || queue == name) q.gates().list(name, out, now);
  }
  return out;
}

}  // namespace penstock::memory
