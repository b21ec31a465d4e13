// The claim of the model, and what goes with it in an exchange.
#include <algorithm>

#include "model/model.hpp"

namespace penstock::model {

void Model::promote(Queue& q, Now now) {
  int room = 1000;
  for (auto& [id, t] : q.tasks) {
    if (t.record.state != State::scheduled || t.record.due > now.wall || room-- == 0) continue;
    t.record.state = State::ready;
    t.record.due = {};
  }
}

void Model::lease(Queue& q, const std::string& queue, Entry& entry, Epoch epoch, const Exchange& x, Now now,
                  Exchanged& out) {
  auto& [id, task] = entry;
  Record& r = task.record;
  Leased l{.queue = queue, .kind = r.kind, .body = r.body, .note = r.note, .id = id, .epoch = epoch};
  l.priority = r.priority, l.weight = r.weight, l.failures = r.failures, l.crashes = r.crashes;
  l.lapsed = r.state == State::leased;
  if (l.lapsed) q.batches.at(r.epoch).taken.insert(id);
  auto begun = static_cast<std::uint32_t>(
      std::count_if(out.leased.begin(), out.leased.end(), [](const Leased& o) { return !o.lapsed && o.begun; }));
  bool mark = !l.lapsed && r.crashes == 0 && begun < x.begin;
  l.begun = l.lapsed ? r.begun : mark;
  seen(std::string("claim: ") + (l.lapsed ? "lapsed" : "ready") + (l.begun ? ", begun" : ", not begun"));
  r.state = State::leased;
  r.epoch = epoch;
  r.begun = mark;
  if (task.unique_while == Unique::waiting) task.holds = false;
  q.batches[epoch].until = now.boot + x.lease;
  q.batches[epoch].tasks.push_back(id);
  out.leased.push_back(std::move(l));
}

std::vector<Model::Entry*> Model::lapsed(Queue& q, Now now) {
  std::vector<Entry*> out;
  for (auto& [e, batch] : q.batches)
    for (const TaskId& id : batch.tasks)
      if (batch.until <= now.boot && holds(q, e, id)) out.push_back(&*q.tasks.find(id));
  return out;
}

// Claims up to `room` tasks of a queue; draws the queue's epoch of this exchange when it needs it.
std::uint32_t Model::take(const std::string& queue, std::uint32_t room, Epoch& epoch, const Exchange& x, Now now,
                          Answer* answer, Exchanged& out) {
  Queue& q = queues_.at(queue);
  if (gates_.limit_of({queue, ""}).running == 0 || gates_.held_until({queue, ""}) > now.boot)
    return seen("claim: the queue is closed"), 0;
  std::uint32_t taken = 0;
  for (Entry* e : lapsed(q, now)) {
    if (taken == room) return taken;
    if (e->second.record.cancel_requested) {
      seen("claim: lapsed, cancel requested, ends");
      q.batches.at(e->second.record.epoch).taken.insert(e->first);
      end(e->second, State::cancelled, kKeepForever, now);
      continue;
    }
    if (epoch == 0) epoch = ++last_epoch_;
    lease(q, queue, *e, epoch, x, now, out), ++taken;
  }
  for (; taken < room; ++taken) {
    turn(queue, q, now);
    const bool ahead = out.leased.size() >= x.limit - std::min(x.ahead, x.limit);
    Entry* e = choose(queue, q, ahead, now, answer, out);
    if (!e) break;
    if (epoch == 0) epoch = ++last_epoch_;
    lease(q, queue, *e, epoch, x, now, out);
    for (const std::string& gate : gates_of(e->second.record)) gates_.take({queue, gate}, now);
    Turn& mine = q.turns[e->second.record.fair];
    mine = {0, ++last_turn_};
  }
  return taken;
}

// Until a task of the queues comes to be claimable by time alone. `soonest` is when one gets nearer to that.
std::optional<Millis> Model::next_due(const Exchange& x, Now now, std::optional<Millis>& soonest) const {
  std::optional<Millis> next;
  const auto at = [](std::optional<Millis>& to, Millis when) { to = std::min(to.value_or(when), when); };
  for (const Share& share : x.claim) {
    auto queue = queues_.find(share.queue);
    if (queue == queues_.end()) continue;
    const GateTable::Name own{share.queue, ""};
    const bool shut = gates_.limit_of(own).running == 0 || gates_.held_until(own) == kHoldForever;
    const Millis held = std::max(gates_.held_until(own) - now.boot, Millis(0));
    const Rooms all = rooms(queue->first, queue->second, now);
    for (const auto& [id, t] : queue->second.tasks) {
      if (ended(t.record.state)) continue;
      if (t.record.state != State::ready) {
        auto when = t.record.state == State::scheduled ? std::chrono::duration_cast<Millis>(t.record.due - now.wall)
                                                       : queue->second.batches.at(t.record.epoch).until - now.boot;
        at(soonest, std::max(when, Millis(0)));
        if (held > Millis(0)) at(soonest, held);
        if (!shut) at(next, std::max({when, held, Millis(0)}));
        continue;
      }
      std::optional<Millis> free{Millis(0)};
      for (const std::string& gate : gates_of(t.record)) {
        auto opens = gates_.opens({queue->first, gate});
        if (opens && *opens > now.boot) at(soonest, *opens - now.boot);
        free = opens && free && all.at(gate).slot ? std::optional(std::max(*free, *opens - now.boot)) : std::nullopt;
      }
      if (free) at(next, *free), at(soonest, *free);
    }
  }
  if (soonest && next != Millis(0)) soonest = std::max(*soonest, Millis(1));
  return next;
}

Result<Exchanged> Model::exchange(const Exchange& x, Now now, Answer* answer) {
  const Error invalid{Errc::invalid, "exchange"};
  if (x.settle.size() > properties_.max_batch || x.extend.size() > properties_.max_batch ||
      x.claim.size() > properties_.max_batch)
    return invalid;
  for (const Settlement& s : x.settle) {
    if (!s.children.empty() && !(properties_.features & kChildren)) return Error{Errc::unsupported, "children"};
    for (const NewTask& c : s.children)
      if (!supports(c)) return Error{Errc::unsupported, "feature"};
  }
  std::map<std::string, Epoch, std::less<>> epochs;  // drawn by this exchange
  for (const Share& share : x.claim)
    if (!epochs.emplace(share.queue, 0).second) return seen("exchange: queue twice"), invalid;
  if (x.lease < Millis(1)) return seen("exchange: short lease"), invalid;

  Exchanged out;
  for (const Settlement& s : x.settle) out.settled.push_back(settle(s, now));
  for (const Held& h : x.extend) out.extended.push_back(extend(h, now.boot + x.lease));
  std::uint32_t room = x.limit;
  for (bool spill : {false, true}) {
    for (const Share& share : x.claim) {
      auto queue = queues_.find(share.queue);
      if (queue == queues_.end()) continue;
      if (!spill) promote(queue->second, now);
      auto most = spill ? room : std::min(room, share.quota);
      auto taken = take(queue->first, most, epochs.find(share.queue)->second, x, now, answer, out);
      if (spill && taken != 0) seen("claim: spill");
      room -= taken;
    }
  }
  turn(now);
  std::optional<Millis> soonest;
  if (!x.claim.empty()) out.next_due = next_due(x, now, soonest);
  if (room == 0 && out.next_due == Millis(0)) seen("next_due: more at once");
  if (room != 0 && !x.claim.empty()) seen(out.next_due ? "next_due: by time" : "next_due: nothing");
  if (answer) answer->soonest = soonest;
  return out;
}

}  // namespace penstock::model
