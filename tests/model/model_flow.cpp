// Flow control in the model: which ready task may be claimed next.
#include <algorithm>
#include <tuple>

#include "model/model.hpp"

namespace penstock::model {
namespace {

template <class Rooms, class Fact>
bool all(const Rooms& rooms, const std::vector<std::string>& gates, Fact fact) {
  return std::all_of(gates.begin(), gates.end(), [&](const std::string& gate) { return rooms.at(gate).*fact; });
}

}  // namespace

std::vector<std::string> Model::gates_of(const Record& r) {
  std::vector<std::string> out = r.gates;
  out.push_back("");
  return out;
}

Model::Rooms Model::rooms(const std::string& queue, const Queue& q, Now now) const {
  std::map<std::string, std::int64_t> leased;
  for (const auto& [id, t] : q.tasks)
    for (const std::string& gate : gates_of(t.record)) leased[gate] += t.record.state == State::leased;
  Rooms out;
  for (const auto& [gate, n] : leased) {
    const std::int64_t running = gates_.limit_of({queue, gate}).running;
    auto opens = gates_.opens({queue, gate});
    Room& room = out[gate];
    room.slot = running < 0 || n < running;
    room.open = room.slot && opens && *opens <= now.boot;
    room.ahead = running < 0 || n + 1 <= running / 2;
    room.free = !gates_.bound({queue, gate}, now);
  }
  return out;
}

// Keeps account of who has been waiting for a turn, and since when. The queue's own gate does not count.
void Model::turn(const std::string& queue, Queue& q, Now now) {
  const Rooms all_rooms = rooms(queue, q, now);
  std::map<std::string, bool> claimable;
  for (const auto& [id, t] : q.tasks) {
    if (t.record.state != State::ready) continue;
    claimable[t.record.fair] |= all(all_rooms, t.record.gates, &Room::open);
    q.bound |= !all(all_rooms, t.record.gates, &Room::free);
  }
  for (auto& [key, turn] : q.turns)
    if (!claimable[key]) turn.since = 0;
  ++last_turn_;
  for (auto& [key, is] : claimable)
    if (is && q.turns[key].since == 0) q.turns[key].since = last_turn_;
}

void Model::turn(Now now) {
  for (auto& [name, q] : queues_) turn(name, q, now);
}

// The rule that a claim of this task would break, or nothing.
std::string Model::objection(Queue& q, const Rooms& rooms, const Task& t) {
  const Record& r = t.record;
  const auto rank = [](const Task& o) { return std::tuple(o.record.priority, -o.record.weight, o.arrival); };
  if (r.state != State::ready) return "it is not ready";
  if (!all(rooms, gates_of(r), &Room::open)) return "a gate has no room for it";
  const Turn& mine = q.turns[r.fair];
  for (const auto& [id, other] : q.tasks) {
    const Record& o = other.record;
    if (o.state != State::ready || &other == &t) continue;
    if (o.fair == r.fair) {
      const bool free = all(rooms, o.gates, &Room::free) && all(rooms, r.gates, &Room::free);
      if ((free || o.gates == r.gates) && rank(other) < rank(t)) return "a better task of its key is free";
    } else if (const Turn& theirs = q.turns[o.fair]; theirs.since != 0) {
      if (mine.served > theirs.since) return "its key has had a turn while '" + o.fair + "' waited";
      if (!q.bound && mine.since > theirs.since) return "it is the turn of key '" + o.fair + "'";
    }
  }
  return "";
}

// The task to claim next: that which the backend claimed, if the rules are kept.
Model::Entry* Model::choose(const std::string& queue, Queue& q, bool ahead, Now now, Answer* answer,
                            const Exchanged& out) {
  const Rooms rooms = this->rooms(queue, q, now);
  const auto crowds = [&](const Task& t) { return ahead && !all(rooms, gates_of(t.record), &Room::ahead); };
  bool closed = false;
  for (const auto& [gate, room] : rooms) {
    if (room.open) continue;
    closed = true;
    const bool held = gates_.held_until({queue, gate}) > now.boot;
    seen(std::string("claim: a gate ") + (held ? "is held" : room.slot ? "has no token" : "is full"));
  }
  const auto of_queue = [&](const Leased& l) { return l.queue == queue; };
  std::optional<TaskId> hint;
  if (answer) {
    auto skip = std::count_if(out.leased.begin(), out.leased.end(), of_queue);
    for (const Leased& l : *answer->leased)
      if (of_queue(l) && skip-- == 0) hint = l.id;
  }
  if (auto e = hint ? q.tasks.find(*hint) : q.tasks.end(); e != q.tasks.end()) {
    std::string why = objection(q, rooms, e->second);
    if (why.empty() && crowds(e->second)) why = "leased ahead, it takes more than half of a gate";
    if (why.empty() && closed) seen("claim: past a closed gate");
    if (why.empty() && q.turns.size() > 1) seen("claim: keys take turns");
    if (why.empty()) return &*e;
    if (answer->objection.empty()) answer->objection = why;
  }
  Entry* own = nullptr;
  bool stop = false;
  const auto place = [&](const Entry& e) {
    const Record& r = e.second.record;
    return std::tuple(q.turns[r.fair].since, r.priority, -r.weight, e.second.arrival);
  };
  for (Entry& e : q.tasks) {
    if (!objection(q, rooms, e.second).empty()) continue;
    stop |= crowds(e.second);
    if (!own || place(e) < place(*own)) own = &e;
  }
  if (stop) return seen("claim: ends at the half of a gate"), nullptr;
  return own;
}

// ---- what people do to gates

Result<void> Model::limit(std::string_view queue, std::string_view gate, Layer layer, const Limit* limit, Now now) {
  auto done = gates_.limit({std::string(queue), std::string(gate)}, layer, limit, now);
  seen(done ? "limit: ok" : "limit: invalid");
  turn(now);
  return done;
}

Result<void> Model::hold(std::string_view queue, std::string_view gate, Millis at_most, Now now) {
  auto done = gates_.hold({std::string(queue), std::string(gate)}, at_most, now);
  seen(done ? "hold: ok" : "hold: invalid");
  turn(now);
  return done;
}

std::vector<GateState> Model::gates(Now now) const {
  std::vector<GateState> out;
  for (const auto& [name, g] : gates_.all()) {
    const bool held = g.held > now.boot;
    if (!g.declared && !g.by_operator && !held) continue;
    GateState s{.queue = name.first, .gate = name.second, .declared = g.declared, .by_operator = g.by_operator};
    if (held) s.held = g.held == kHoldForever ? kHoldForever : g.held - now.boot;
    auto queue = queues_.find(name.first);
    for (const auto& [id, t] : queue == queues_.end() ? decltype(Queue::tasks)() : queue->second.tasks) {
      const auto gates = gates_of(t.record);
      if (std::find(gates.begin(), gates.end(), name.second) == gates.end()) continue;
      s.leased += t.record.state == State::leased;
      s.waiting += t.record.state == State::ready && !name.second.empty();
    }
    out.push_back(std::move(s));
  }
  return out;
}

}  // namespace penstock::model
