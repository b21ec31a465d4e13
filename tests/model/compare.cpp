#include "model/compare.hpp"

#include <algorithm>
#include <tuple>

#include "model/prng.hpp"

namespace penstock::model {

const char* name(State s) {
  constexpr const char* kNames[] = {"held", "scheduled", "ready", "leased", "succeeded", "dead", "cancelled"};
  return kNames[static_cast<std::size_t>(s)];
}

const char* name(Item i) {
  constexpr const char* kNames[] = {"ok",        "exists",   "conflict",  "full",    "lease_lost",
                                    "requested", "finished", "not_found", "invalid", "unknown"};
  return kNames[static_cast<std::size_t>(i)];
}

TaskId task_id(int number) {
  Prng scatter(static_cast<std::uint64_t>(number));  // the order of ids is not the order of arrival
  TaskId id;
  for (unsigned char& b : id.bytes) b = static_cast<unsigned char>(scatter.next());
  id.bytes[14] = static_cast<unsigned char>(number >> 8);
  id.bytes[15] = static_cast<unsigned char>(number);
  return id;
}

std::string name(const TaskId& id) { return "#" + std::to_string(id.bytes[14] * 256 + id.bytes[15]); }

void Epochs::step() {
  for (auto& [name, q] : queues_) q.before = q.highest;
}

bool Epochs::bind(std::string_view queue, Epoch ours, Epoch theirs) {
  if (ours == 0 || theirs == 0) return ours == theirs;
  auto known = queues_.find(queue);
  Queue& q = known == queues_.end() ? queues_[std::string(queue)] : known->second;
  auto [bound, added] = q.theirs.emplace(ours, theirs);
  if (!added) return bound->second == theirs;
  if (theirs <= q.before) return false;
  q.highest = std::max(q.highest, theirs);
  return true;
}

Epoch Epochs::theirs(std::string_view queue, Epoch ours) const {
  auto q = queues_.find(queue);
  if (q == queues_.end()) return ours;
  auto bound = q->second.theirs.find(ours);
  return bound == q->second.theirs.end() ? ours : bound->second;
}

namespace {
std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}
}  // namespace

bool same(const Record& a, const Record& b) {
  const auto rest = [](const Record& r) {
    return std::tie(r.state, r.kind, r.body, r.note, r.priority, r.weight, r.failures, r.crashes, r.begun,
                    r.cancel_requested, r.tombstone, r.enqueued, r.ended, r.unique, r.fair);
  };
  // Of a tombstone only state and end are left. A due task may or may not show when it was due.
  if (a.tombstone && b.tombstone)
    return a.state == b.state && a.ended == b.ended && b.kind.empty() && b.body.empty() && b.note.empty() &&
           b.unique.empty() && b.fair.empty() && b.gates.empty();
  return rest(a) == rest(b) && (a.gates == b.gates || sorted(a.gates) == sorted(b.gates)) &&
         (a.due == b.due || (a.state == State::ready && b.due == Time{}));
}

std::string in_quotes(std::string_view octets) {
  if (octets.size() > 60) return std::to_string(octets.size()) + " octets";
  std::string out = "'";
  for (char c : octets) {
    if (c >= ' ' && c <= '~') {
      out += c;
    } else {
      constexpr const char* kHex = "0123456789abcdef";
      out += {'\\', 'x', kHex[static_cast<unsigned char>(c) >> 4], kHex[c & 15]};
    }
  }
  return out + "'";
}

std::string text(const std::optional<Record>& record) {
  if (!record) return "unknown";
  const Record& r = *record;
  const auto time = [](const char* what, Time t) {
    return t == Time{} ? "" : std::string(what) + std::to_string(t.time_since_epoch().count());
  };
  std::string out = name(r.state);
  if (r.tombstone) return out + " tombstone" + time(" ended ", r.ended);
  out += " kind " + in_quotes(r.kind) + " body " + in_quotes(r.body) + " note " + in_quotes(r.note);
  out += " priority " + std::to_string(r.priority) + " weight " + std::to_string(r.weight);
  out += " failures " + std::to_string(r.failures) + " crashes " + std::to_string(r.crashes);
  if (!r.unique.empty()) out += " unique " + in_quotes(r.unique);
  if (!r.fair.empty()) out += " fair " + in_quotes(r.fair);
  for (const std::string& gate : sorted(r.gates)) out += " gate " + in_quotes(gate);
  if (r.begun) out += " begun";
  if (r.cancel_requested) out += " cancel_requested";
  return out + time(" enqueued ", r.enqueued) + time(" due ", r.due) + time(" ended ", r.ended);
}

std::string text(const Leased& l) {
  std::string out = l.queue + "/" + name(l.id) + " kind " + in_quotes(l.kind) + " body " + in_quotes(l.body);
  out +=
      " note " + in_quotes(l.note) + " priority " + std::to_string(l.priority) + " weight " + std::to_string(l.weight);
  out += " failures " + std::to_string(l.failures) + " crashes " + std::to_string(l.crashes);
  return out + (l.lapsed ? " lapsed" : "") + (l.begun ? " begun" : "");
}

std::string text(const std::vector<Item>& items) {
  std::string out;
  for (Item i : items) out += (out.empty() ? "" : ", ") + std::string(name(i));
  return "[" + out + "]";
}

std::string text(const Extended& e) {
  std::string out = name(e.what);
  if (e.what != Item::ok) return out;
  std::vector<std::string> stop;
  for (const TaskId& id : e.stop) stop.push_back(name(id));
  std::sort(stop.begin(), stop.end());
  for (const std::string& id : stop) out += (&id == stop.data() ? ", stop " : " ") + id;
  return out;
}

std::string text(const Counts& c) {
  std::string out = c.queue;
  for (std::size_t s = 0; s < kStates; ++s)
    if (c.by_state[s] != 0) out += " " + std::to_string(c.by_state[s]) + " " + name(static_cast<State>(s));
  return out + " bytes_ended " + std::to_string(c.bytes_ended);
}

std::string text(const Limit& l) {
  return "running " + std::to_string(l.running) + " per_second " + std::to_string(l.per_second) + " burst " +
         std::to_string(l.burst);
}

std::string text(const GateState& g) {
  std::string out = g.queue + "/" + in_quotes(g.gate) + " leased " + std::to_string(g.leased);
  if (g.declared) out += " declared (" + text(*g.declared) + ")";
  if (g.by_operator) out += " by operator (" + text(*g.by_operator) + ")";
  if (g.held) out += " held " + (g.held == kHoldForever ? "for ever" : text(g.held));
  return out;
}

std::string text(const std::optional<Millis>& m) { return m ? std::to_string(m->count()) + "ms" : "none"; }

}  // namespace penstock::model
