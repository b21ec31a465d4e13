// The claim of the model, and the exchange around it.
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

void Model::lease(Queue& q, Entry& entry, Epoch& epoch, const Exchange& x, Now now, Exchanged& out) {
  auto& [id, task] = entry;
  Record& r = task.record;
  if (epoch == 0) epoch = ++last_epoch_;
  Leased l{.queue = q.name, .kind = r.kind, .body = r.body, .note = r.note, .id = id, .epoch = epoch};
  l.priority = r.priority, l.weight = r.weight, l.failures = r.failures, l.crashes = r.crashes;
  l.lapsed = r.state == State::leased;
  if (l.lapsed) q.batches.at(r.epoch).taken.insert(id);
  auto begun = static_cast<std::uint32_t>(
      std::count_if(out.leased.begin(), out.leased.end(), [](const Leased& o) { return !o.lapsed && o.begun; }));
  const bool mark = !l.lapsed && r.crashes == 0 && begun < x.begin;
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

// Claims up to `room` tasks of a queue; draws the queue's epoch of this exchange when it needs it.
std::uint32_t Model::take(Queue& q, std::uint32_t room, Epoch& epoch, const Exchange& x, Now now, Answer* answer,
                          Exchanged& out) {
  if (shut(q, now)) return seen("claim: the queue is closed"), 0;
  std::vector<Entry*> lapsed;
  for (auto& [e, batch] : q.batches)
    for (const TaskId& id : batch.tasks)
      if (batch.until <= now.boot && holds(q, e, id)) lapsed.push_back(&*q.tasks.find(id));
  std::uint32_t taken = 0;
  for (Entry* e : lapsed) {
    if (taken == room) return taken;
    if (e->second.record.cancel_requested) {
      seen("claim: lapsed, cancel requested, ends");
      q.batches.at(e->second.record.epoch).taken.insert(e->first);
      end(e->second, State::cancelled, kKeepForever, now);
    } else {
      lease(q, *e, epoch, x, now, out), ++taken;
    }
  }
  for (; taken < room; ++taken) {
    turn(q, now);
    Entry* e = choose(q, out.leased.size() >= x.limit - std::min(x.ahead, x.limit), now, answer, out);
    if (!e) break;
    lease(q, *e, epoch, x, now, out);
    for (const std::string& gate : gates_of(e->second.record)) gates_.take({q.name, gate}, now);
    q.turns[e->second.record.fair] = {0, ++last_turn_};
  }
  return taken;
}

// Until a task may be claimable by time alone. `soonest` is when one gets nearer to that.
std::optional<Millis> Model::next_due(const Exchange& x, Now now, std::optional<Millis>& soonest) const {
  std::optional<Millis> next;
  const auto at = [](std::optional<Millis>& to, Millis when) {
    to = std::min(to.value_or(when), std::max(when, Millis(0)));
  };
  for (const Share& share : x.claim) {
    const Queue& q = queue(share.queue);
    const Rooms rooms = this->rooms(q, now);
    const Millis held = gates_.held_until({q.name, ""});
    for (const Millis end : {held, gates_.held_until({"*", ""})})
      if (end > now.boot) at(soonest, end - now.boot);
    const bool never = held == kHoldForever || gates_.limit_of({q.name, ""}).running == 0;
    for (const auto& [id, t] : q.tasks) {
      const Record& r = t.record;
      if (ended(r.state)) continue;
      if (r.state == State::scheduled || r.state == State::leased) {
        const Millis when = r.state == State::scheduled ? std::chrono::duration_cast<Millis>(r.due - now.wall)
                                                        : q.batches.at(r.epoch).until - now.boot;
        at(soonest, when);
        if (!never) at(next, std::max(when, held - now.boot));
        continue;
      }
      std::optional<Millis> opens{Millis(0)};
      for (const std::string& gate : gates_of(r)) {
        const Room& room = rooms.at(gate);
        if (room.opens > now.boot) at(soonest, *room.opens - now.boot);
        opens =
            opens && room.slot && room.opens ? std::optional(std::max(*opens, *room.opens - now.boot)) : std::nullopt;
      }
      if (opens) at(next, *opens), at(soonest, *opens);
    }
  }
  if (soonest && next != Millis(0)) soonest = std::max(*soonest, Millis(1));
  return next;
}

Result<Exchanged> Model::exchange(const Exchange& x, Now now, Answer* answer) {
  const Error invalid{Errc::invalid, "exchange"};
  if (std::max({x.settle.size(), x.extend.size(), x.claim.size()}) > properties_.max_batch) return invalid;
  for (const Settlement& s : x.settle) {
    if (!s.children.empty() && !(properties_.features & kChildren)) return Error{Errc::unsupported, "children"};
    for (const NewTask& c : s.children)
      if (!supports(c)) return Error{Errc::unsupported, "feature"};
  }
  std::map<std::string, Epoch, std::less<>> epochs;  // drawn by this exchange
  for (const Share& share : x.claim)
    if (!epochs.emplace(share.queue, 0).second) return seen("exchange: queue twice"), invalid;
  if (x.lease < Millis(1)) return seen("exchange: short lease"), invalid;

  ++last_turn_;
  Exchanged out;
  for (const Settlement& s : x.settle) out.settled.push_back(settle(s, now));
  for (const Held& h : x.extend) out.extended.push_back(extend(h, now.boot + x.lease));
  std::uint32_t room = x.limit;
  for (bool spill : {false, true}) {
    for (const Share& share : x.claim) {
      Queue& q = queue(share.queue);
      if (!spill) promote(q, now);
      auto taken = take(q, spill ? room : std::min(room, share.quota), epochs.at(q.name), x, now, answer, out);
      if (spill && taken != 0) seen("claim: spill");
      room -= taken;
    }
  }
  turn_all(now);
  std::optional<Millis> soonest;
  if (!x.claim.empty()) out.next_due = next_due(x, now, soonest);
  if (room == 0 && out.next_due == Millis(0)) seen("next_due: more at once");
  if (room != 0 && !x.claim.empty()) seen(out.next_due ? "next_due: by time" : "next_due: nothing");
  if (answer) answer->soonest = soonest;
  return out;
}

}  // namespace penstock::model
