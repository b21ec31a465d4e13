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

bool Model::shut(const Queue& q, Now now) const {
  return gates_.limit_of({q.name, ""}).running == 0 || gates_.held_until({q.name, ""}) > now.boot;
}

Model::Rooms Model::rooms(const Queue& q, Now now) const {
  Rooms out;
  for (const auto& [id, t] : q.tasks)
    for (const std::string& gate : gates_of(t.record)) {
      out[gate].leased += t.record.state == State::leased;
      out[gate].ready += t.record.state == State::ready;
    }
  for (auto& [gate, room] : out) {
    const Limit l = gates_.limit_of({q.name, gate});
    room.opens = gates_.opens({q.name, gate});
    room.slot = l.running < 0 || room.leased < l.running;
    room.open = room.slot && room.opens && *room.opens <= now.boot;
    room.ahead = l.running < 0 || room.leased + 1 <= l.running / 2;
    room.held = gates_.held_until({q.name, gate}) > now.boot;
    room.free = l.running < 0 && l.per_second == 0 && !room.held;
  }
  return out;
}

// Keeps account of who waits for a turn, and since when. The queue's own gate does not count.
void Model::turn(Queue& q, Now now) {
  const Rooms rooms = this->rooms(q, now);
  std::map<std::string, bool> claimable;
  for (const auto& [id, t] : q.tasks) {
    if (t.record.state != State::ready) continue;
    claimable[t.record.fair] |= all(rooms, t.record.gates, &Room::open);
    q.bound |= !all(rooms, t.record.gates, &Room::free);
  }
  for (auto& [key, turn] : q.turns) turn.since = !claimable[key] ? 0 : turn.since ? turn.since : last_turn_;
  for (const auto& [key, is] : claimable)
    if (is) q.turns.emplace(key, Turn{last_turn_, 0});
}

void Model::turn_all(Now now) {
  ++last_turn_;  // between two of these calls all is one step
  for (auto& [name, q] : queues_) turn(q, now);
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
    const Turn& theirs = q.turns[o.fair];
    if (o.state != State::ready) continue;
    if (o.fair == r.fair) {
      const bool free = all(rooms, o.gates, &Room::free) && all(rooms, r.gates, &Room::free);
      if ((free || o.gates == r.gates) && rank(other) < rank(t)) return "a better task of its key is free";
    } else if (theirs.since != 0) {
      if (mine.served > theirs.since) return "its key has had a turn while '" + o.fair + "' waited";
      if (!q.bound && mine.since > theirs.since) return "it is the turn of key '" + o.fair + "'";
    }
  }
  return "";
}

// The task to claim next: the one that the backend claimed, if the rules are kept.
Model::Entry* Model::choose(Queue& q, bool ahead, Now now, Answer* answer, const Exchanged& out) {
  const Rooms rooms = this->rooms(q, now);
  const auto crowds = [&](const Task& t) { return ahead && !all(rooms, gates_of(t.record), &Room::ahead); };
  bool closed = false;
  for (const auto& [gate, room] : rooms) {
    if (!room.open)
      seen(std::string("claim: a gate ") + (room.held ? "is held" : room.slot ? "has no token" : "is full"));
    closed |= !room.open;
  }
  const auto of_queue = [&](const Leased& l) { return l.queue == q.name; };
  auto skip = std::count_if(out.leased.begin(), out.leased.end(), of_queue);
  for (const Leased& l : answer ? *answer->leased : std::vector<Leased>()) {
    auto e = q.tasks.find(l.id);
    if (!of_queue(l) || skip-- != 0 || e == q.tasks.end()) continue;
    std::string why = objection(q, rooms, e->second);
    if (why.empty() && crowds(e->second)) why = "leased ahead, it takes more than half of a gate";
    if (why.empty() && closed) seen("claim: past a closed gate");
    if (why.empty() && q.turns.size() > 1) seen("claim: keys take turns");
    if (why.empty()) return &*e;
    if (answer->objection.empty()) answer->objection = why;
  }
  Entry* own = nullptr;
  const auto place = [&](const Entry& e) {
    const Record& r = e.second.record;
    return std::tuple(q.turns[r.fair].since, r.priority, -r.weight, e.second.arrival);
  };
  for (Entry& e : q.tasks) {
    if (!objection(q, rooms, e.second).empty()) continue;
    if (crowds(e.second)) return seen("claim: ends at the half of a gate"), nullptr;
    if (!own || place(e) < place(*own)) own = &e;
  }
  return own;
}

// ---- what people do to gates

Result<void> Model::limit(const GateTable::Name& gate, Layer layer, const Limit* limit, Now now) {
  auto done = gates_.limit(gate, layer, limit, now);
  return wait_anew(now), done;
}

Result<void> Model::hold(const GateTable::Name& gate, Millis at_most, Now now) {
  auto done = gates_.hold(gate, at_most, now);
  return wait_anew(now), done;
}

// What is changed of a gate may cost those a turn who wait.
void Model::wait_anew(Now now) {
  for (auto& [name, q] : queues_)
    for (auto& [key, turn] : q.turns) turn.since = q.bound ? 0 : turn.since;
  turn_all(now);
}

std::vector<GateState> Model::gates(Now now) const {
  std::vector<GateState> out = gates_.list(now);
  for (GateState& s : out) {
    const Rooms rooms = this->rooms(queue(s.queue), now);
    if (auto room = rooms.find(s.gate); room != rooms.end())
      s.leased = static_cast<std::uint64_t>(room->second.leased), s.waiting = room->second.ready;
    if (s.gate.empty()) s.waiting = 0;
  }
  return out;
}

}  // namespace penstock::model
