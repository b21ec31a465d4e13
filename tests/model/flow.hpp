// Flow control as the model has it: what gates let through, whose turn it is, and so what may be claimed next.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <tuple>

#include <penstock/plugin/backend.hpp>
#include <penstock/plugin/names.hpp>

namespace penstock::model {

inline constexpr Millis kNever = kHoldForever;
inline const Error kInvalid{Errc::invalid, "a rule of the call"}, kUnsupported{Errc::unsupported, "a feature"};
inline const std::string kHalf = "leased ahead, it takes more than half of a gate";

struct Now {
  Time wall;
  Millis boot, ages;  // ages: by which ended tasks grow old; the contract leaves it to the store
};

// What an exchange of the backend claimed, and what is to be said of that.
struct Answer {
  std::map<std::string, std::vector<TaskId>> leased;  // the hint, by queue
  std::string objection;                              // the rule that a task claimed, or left, breaks
  Millis soonest = kNever;  // by the boot clock: next_due may be this already, though nothing comes before the model's
};

class Flow {
 public:
  Now now{};  // to be set before a call
  // Told of every rule that comes into play, in words.
  std::function<void(const std::string&)> seen = [](const std::string&) {};

  Result<void> limit(const std::string& queue, const std::string& gate, Layer layer, const Limit* limit) {
    if (!valid_name(queue) || gate.size() > kMaxKey) return kInvalid;
    if (limit && (!(limit->per_second >= 0 && std::isfinite(limit->per_second)) || limit->burst == 0)) return kInvalid;
    Gate& g = gates_[{queue, gate}];
    (layer == Layer::declared ? g.declared : g.by_operator) = limit ? std::optional(*limit) : std::nullopt;
    for (auto& [name, other] : gates_) {  // those of its class, too: none owes more tokens than it may keep
      const Limit l = limit_of(name);
      if (l.per_second > 0) other.full_at = std::min<Nanos>(other.full_at, now.boot + l.burst * interval(l));
    }
    changed_ = turn_;
    return {};
  }

  Result<void> hold(const std::string& queue, const std::string& gate, Millis at_most) {
    if (!(valid_name(queue) || (queue == "*" && gate.empty())) || gate.size() > kMaxKey || at_most < Millis(0))
      return kInvalid;
    Millis& held = gates_[{queue, gate}].held;
    held = at_most == Millis(0) ? at_most : std::max(held, now.boot + std::min(at_most, kNever - now.boot));
    changed_ = turn_;
    return {};
  }

  std::vector<GateState> gates() {  // `waiting`: as many as may be
    std::vector<GateState> out;
    std::map<std::string, Rooms> rooms;
    for (const auto& [name, q] : queues_) rooms[name] = this->rooms(q);
    for (const auto& [name, g] : gates_) {
      GateState s{name.first, name.second, g.declared, g.by_operator};
      if (g.held > now.boot) s.held = g.held == kNever ? kNever : g.held - now.boot;
      if (!s.declared && !s.by_operator && !s.held) continue;
      const Room room = rooms[s.queue][s.gate];
      s.leased = room.leased, s.waiting = s.gate.empty() ? 0 : room.ready;
      out.push_back(s);
    }
    return out;
  }

  // Ends a step: what came since the last one came at once.
  void step() {
    for (auto& [name, q] : queues_) turn(q);
    ++turn_;
  }

 protected:
  using Nanos = std::chrono::nanoseconds;
  using GateName = std::pair<std::string, std::string>;  // queue, gate

  struct Task {
    Record record;                         // `state` as counted: a due task is scheduled until an exchange promotes it
    std::uint64_t arrival = 0, place = 0;  // place: in the order of all claims
    Millis until{};                        // the end of its lease
    Millis since{}, keep{};                // its end, and for how long it is kept
    Unique unique_while = Unique::live;
    bool holds = false;  // its unique key
  };
  struct Holder {  // of a unique key, the last one
    TaskId id;
    Time until{};  // unique_for
  };
  struct Turn {  // of a fair key: when it came to have claimable tasks (0: it has none), and had its turns
    std::uint64_t since = 0;
    std::multiset<std::uint64_t> served;
    std::set<std::string> gates;  // which the claimable ones pass, or did since then
    void serve(std::uint64_t turn) { served.insert(turn), since = 0, gates.clear(); }
  };
  struct Queue {
    std::string name;
    std::uint64_t arrivals = 0;
    bool bound = false;  // a gate once kept some of its tasks back, or could have
    Epoch epoch = 0;     // of what this exchange claims
    std::map<TaskId, Task> tasks;
    std::map<Epoch, std::vector<TaskId>> taken;  // from those who held them
    std::map<std::string, Holder> keys;
    std::map<std::string, Turn> turns;
  };
  struct Gate {
    std::optional<Limit> declared, by_operator;
    Millis held{};    // until then, by the boot clock
    Nanos full_at{};  // by the boot clock: all tokens are there again
  };
  struct Room {  // of a gate
    std::uint64_t leased = 0, ready = 0;
    Millis held{}, opens{};         // it is held, or limited to 0, until then; and a token is there
    bool slot = true, half = true;  // for a task, and for one that is leased ahead
    bool open = true, free = true;  // open: a slot, a token, and no hold. free: no limit and no hold
  };
  using Rooms = std::map<std::string, Room>;
  using Entry = std::pair<const TaskId, Task>;

  Queue& queue(std::string_view name) {
    if (const auto known = queues_.find(name); known != queues_.end()) return known->second;
    return queues_.emplace(name, Queue{.name = std::string(name)}).first->second;
  }
  template <class Each>
  static void each_gate(const Record& r, const Each& each) {
    for (const std::string& gate : r.gates) each(gate);
    each(std::string());  // the queue's own
  }
  static Nanos interval(const Limit& l) { return Nanos(static_cast<std::int64_t>(std::ceil(1e9 / l.per_second))); }

  Limit limit_of(const GateName& name) {
    const auto& [queue, gate] = name;
    const std::string its = gate.find(':') == 0 ? gate : gate.substr(0, gate.find(':'));
    const Gate &own = gates_[name], &its_class = gates_[{queue, its}];
    for (const auto& set : {own.by_operator, own.declared, its_class.by_operator, its_class.declared})
      if (set) return *set;
    return {};
  }

  // Takes tokens of a task's gates, or gives them back.
  void spend(const Queue& q, const Record& r, int tokens) {
    each_gate(r, [&](const std::string& gate) {
      const Limit l = limit_of({q.name, gate});
      Nanos& full_at = gates_[{q.name, gate}].full_at;
      if (l.per_second > 0) full_at = std::max<Nanos>(full_at, now.boot) + tokens * interval(l);
    });
  }

  Rooms rooms(const Queue& q) {
    Rooms out{{"", {}}};
    for (const auto& [id, t] : q.tasks)
      each_gate(t.record, [&, state = t.record.state](const std::string& gate) {
        Room& room = out[gate];
        room.leased += state == State::leased, room.ready += state == State::ready;
      });
    for (auto& [gate, room] : out) {
      const Limit l = limit_of({q.name, gate});
      const Gate& g = gates_[{q.name, gate}];
      const std::uint64_t running = l.running < 0 ? UINT64_MAX : static_cast<std::uint64_t>(l.running);
      room.slot = room.leased < running;
      room.half = room.leased < running / 2;
      room.held = std::max(g.held, gate.empty() ? gates_[{"*", ""}].held : Millis(0));
      if (running == 0) room.held = kNever;
      const Nanos token = l.per_second > 0 ? g.full_at - (l.burst - 1) * interval(l) : Nanos(0);
      room.opens = std::max(room.held, std::chrono::ceil<Millis>(token));
      room.open = room.slot && room.opens <= now.boot;
      room.free = l.running < 0 && l.per_second == 0 && room.held <= now.boot;
    }
    return out;
  }

  static bool all(const Rooms& rooms, const std::vector<std::string>& gates, bool Room::*fact) {
    return std::all_of(gates.begin(), gates.end(), [&](const std::string& gate) { return rooms.at(gate).*fact; });
  }
  static bool all(const Rooms& rooms, const Record& r, bool Room::*fact) {  // and the queue's own
    return rooms.at("").*fact && all(rooms, r.gates, fact);
  }

  // Keeps account of who waits for a turn, and since when. The queue's own gate does not count.
  Rooms turn(Queue& q) {
    const Rooms rooms = this->rooms(q);
    std::set<std::string> claimable;
    for (const auto& [id, t] : q.tasks) {
      if (t.record.state != State::ready) continue;
      q.bound |= !all(rooms, t.record.gates, &Room::free);
      if (!all(rooms, t.record.gates, &Room::open)) continue;
      claimable.insert(t.record.fair);
      q.turns[t.record.fair].gates.insert(t.record.gates.begin(), t.record.gates.end());
    }
    for (auto& [key, turn] : q.turns) turn.since = !claimable.count(key) ? 0 : turn.since ? turn.since : turn_;
    for (auto& [key, turn] : q.turns)
      if (turn.since == 0) turn.gates.clear();
    return rooms;
  }

  // The rule that a claim of this task would break, or nothing.
  std::string objection(Queue& q, const Rooms& rooms, const Task& t, bool ahead) {
    const Record& r = t.record;
    const auto rank = [](const Task& o) { return std::tuple(o.record.priority, -o.record.weight, o.arrival); };
    if (r.state != State::ready) return "it is not ready";
    if (!all(rooms, r, &Room::open)) return "a gate has no room for it";
    const Turn& mine = q.turns[r.fair];
    for (const auto& [id, other] : q.tasks) {
      const Record& o = other.record;
      const Turn& theirs = q.turns[o.fair];
      if (o.state != State::ready) continue;
      if (o.fair == r.fair) {
        const bool free = all(rooms, o.gates, &Room::free) && all(rooms, r.gates, &Room::free);
        if ((free || o.gates == r.gates) && rank(other) < rank(t)) return "a better task of its key is free";
      } else if (theirs.since != 0) {
        const auto turns = std::distance(mine.served.upper_bound(std::max(theirs.since, changed_)), mine.served.end());
        const int most = std::max(1, static_cast<int>(theirs.gates.size()));
        if (turns >= most) return "its key has had a turn while '" + o.fair + "' waited";
        if (!q.bound && mine.since > theirs.since) return "it is the turn of key '" + o.fair + "'";
      }
    }
    return ahead && !all(rooms, r, &Room::half) ? kHalf : "";
  }

  // The ready task to claim next: the one that the backend claimed, if the rules are kept; else any that keeps them.
  Entry* choose(Queue& q, const Rooms& rooms, bool ahead, Answer& answer) {
    Entry* out = nullptr;
    bool half = false;
    for (Entry& e : q.tasks) {
      const std::string why = objection(q, rooms, e.second, ahead);
      const bool hinted = !answer.leased[q.name].empty() && answer.leased[q.name].front() == e.first;
      if (hinted && why.empty()) return &e;
      if (hinted && answer.objection.empty()) answer.objection = why;
      half |= why == kHalf;
      if (why.empty()) out = &e;
    }
    if (half) seen("claim: ends at the half of a gate");
    return half ? nullptr : out;
  }

  // When a task of the queue may be claimable by time alone. Lowers `soonest` to when one gets nearer to that.
  Millis next(Queue& q, Millis& soonest) {
    const Rooms rooms = this->rooms(q);
    Millis out = kNever;
    const auto event = [&](Millis when) { soonest = when > now.boot ? std::min(soonest, when) : soonest; };
    event(gates_[{q.name, ""}].held), event(gates_[{"*", ""}].held);
    for (const auto& [id, t] : q.tasks) {
      if (ended(t.record.state)) continue;
      const bool ready = t.record.state == State::ready;
      Millis when = t.record.state == State::leased ? t.until : now.boot;
      if (t.record.state == State::scheduled) when += std::chrono::duration_cast<Millis>(t.record.due - now.wall);
      event(when);
      when = std::max(when, rooms.at("").held);
      each_gate(t.record, [&](const std::string& gate) {
        const Room& room = rooms.at(gate);
        if (ready) event(room.opens), when = std::max(when, room.slot ? room.opens : kNever);
      });
      out = std::min(out, when);
    }
    return out;
  }

  std::map<std::string, Queue, std::less<>> queues_;  // made when they are named
  std::map<GateName, Gate> gates_;                    // as well
  std::uint64_t turn_ = 1, changed_ = 0;              // changed_: a gate, which may cost those a turn who wait
};

}  // namespace penstock::model
