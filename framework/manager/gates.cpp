// Limits and pauses: what is declared and set in the store's gates.
#include "manager/impl.hpp"

namespace penstock::impl {
namespace {

Error no_gates(const std::string& backend) {
  return {Errc::unsupported, "backend \"" + backend + "\" has no gates: it knows no limits and no pauses"};
}

// "queue/gate" in its parts; the gate may hold further slashes.
std::pair<std::string_view, std::string_view> parts_of(std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return {name, {}};
  return {name.substr(0, slash), name.substr(slash + 1)};
}

}  // namespace

void Manager::declare_options() {
  if (options_.limits.empty()) return;
  if (!gates_) throw Exception(no_gates(options_.backend.use));
  for (const auto& [name, limit] : options_.limits) {
    const auto [queue, gate] = parts_of(name);
    if (auto set = gates_->limit(queue, gate, Layer::declared, &limit); !set) {
      throw Exception(Error{set.error().code, "limits.\"" + name + "\": " + set.error().message});
    }
  }
}

void Manager::declare_handlers() {
  if (frozen_ || !gates_) return;
  for (const auto& [kind, record] : handlers_) {
    if (kind != record->policy.kind) continue;  // an alias
    const std::string queue(record->policy.queue.empty() ? "default" : record->policy.queue);
    for (const DeclaredLimit& l : record->limits) {
      if (options_.limits.contains(queue + "/" + l.gate)) continue;
      value_or_throw(gates_->limit(queue, l.gate, Layer::declared, &l.limit));
    }
  }
}

void Manager::set_limit(std::string_view queue, std::string_view gate, Layer layer, const Limit* limit) {
  if (!gates_) throw Exception(no_gates(options_.backend.use));
  value_or_throw(gates_->limit(queue, gate, layer, limit));
}

void Manager::hold(std::string_view queue, std::string_view gate, Millis at_most) {
  if (!gates_) throw Exception(no_gates(options_.backend.use));
  value_or_throw(gates_->hold(queue, gate, at_most));
}

std::vector<GateState> Manager::gates(std::string_view queue) {
  if (!gates_) throw Exception(no_gates(options_.backend.use));
  return value_or_throw(gates_->gates(queue));
}

}  // namespace penstock::impl
