#include "conformance/text.hpp"

#include <algorithm>

namespace penstock::conformance {

namespace {
constexpr const char* kStateNames[] = {"held", "scheduled", "ready", "leased", "succeeded", "dead", "cancelled"};
constexpr const char* kItemNames[] = {"ok",        "exists",   "conflict",  "full",   "lease_lost",
                                      "requested", "finished", "not_found", "invalid"};
constexpr char kHex[] = "0123456789abcdef";

template <class E, std::size_t N>
std::string named(E value, const char* const (&names)[N]) {
  const auto n = static_cast<std::size_t>(value);
  return n < N ? names[n] : "unknown value " + std::to_string(n);
}
}  // namespace

std::string text(State s) { return named(s, kStateNames); }
std::string text(Item i) { return named(i, kItemNames); }
std::string text(Errc e) { return std::string("Errc::") + name(e); }
std::string text(Millis ms) { return std::to_string(ms.count()) + " ms"; }
std::string text(Time t) { return "@" + std::to_string(t.time_since_epoch().count()); }

std::string text(std::string_view s) {
  std::string out = "\"";
  for (char c : s.substr(0, 60)) {
    const auto u = static_cast<unsigned char>(c);
    if (u >= 0x20 && u < 0x7f && c != '"' && c != '\\') {
      out += c;
    } else {
      out += {'\\', 'x', kHex[u >> 4], kHex[u & 15]};
    }
  }
  return out + (s.size() > 60 ? "\"... (" + std::to_string(s.size()) + " octets)" : "\"");
}

std::string text(const TaskId& id) {
  std::string out;
  for (unsigned char b : id.bytes) out += {kHex[b >> 4], kHex[b & 15]};
  return out;
}

std::string text(const Record& r) {
  std::string flow;
  if (!r.unique.empty()) flow += " unique=" + text(r.unique);
  if (!r.fair.empty()) flow += " fair=" + text(r.fair);
  std::vector<std::string> gates = r.gates;
  std::sort(gates.begin(), gates.end());
  if (!gates.empty()) flow += " gates=" + text(gates);
  return text(r.state) + " kind=" + text(r.kind) + " body=" + text(r.body) + " note=" + text(r.note) +
         " epoch=" + text(r.epoch) + " priority=" + text(r.priority) + " weight=" + text(r.weight) +
         " failures=" + text(r.failures) + " crashes=" + text(r.crashes) + (r.begun ? " begun" : "") +
         (r.cancel_requested ? " cancel_requested" : "") + (r.tombstone ? " tombstone" : "") +
         " enqueued=" + text(r.enqueued) + " due=" + text(r.due) + " ended=" + text(r.ended) + flow;
}

std::string text(const Limit& l) {
  return "running=" + text(l.running) + " per_second=" + std::to_string(l.per_second) + " burst=" + text(l.burst);
}

std::string text(const GateState& g) {
  return text(g.queue) + "/" + text(g.gate) + ": declared=" + text(g.declared) + " by_operator=" + text(g.by_operator) +
         " held=" + text(g.held) + " leased=" + text(g.leased) + " waiting=" + text(g.waiting);
}

std::string text(const Counts& c) {
  std::string out = text(c.queue) + ":";
  for (std::size_t i = 0; i < kStates; ++i) out += std::string(" ") + kStateNames[i] + "=" + text(c.by_state[i]);
  return out + " bytes_ended=" + text(c.bytes_ended);
}

}  // namespace penstock::conformance
