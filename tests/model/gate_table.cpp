#include "model/gate_table.hpp"

#include <algorithm>
#include <cmath>

#include <penstock/plugin/names.hpp>

namespace penstock::model {
namespace {

constexpr std::int64_t kMilli = 1'000'000;  // nanoseconds

std::int64_t interval(const Limit& l) { return static_cast<std::int64_t>(std::ceil(1e9 / l.per_second)); }
std::int64_t nanos(Millis m) { return m.count() * kMilli; }

}  // namespace

Limit GateTable::limit_of(const Name& name) const {
  const auto& [queue, gate] = name;
  const std::string of_class = gate.substr(0, std::min(gate.find(':'), gate.size()));
  for (const std::string& at : {gate, of_class}) {
    auto found = gates_.find({queue, at});
    if (found == gates_.end() || (at.empty() && !gate.empty())) continue;
    if (found->second.by_operator) return *found->second.by_operator;
    if (found->second.declared) return *found->second.declared;
  }
  return {};
}

Result<void> GateTable::limit(const Name& name, Layer layer, const Limit* limit, Now now) {
  if (!valid_name(name.first) || name.second.size() > kMaxKey ||
      (limit && (!(limit->per_second >= 0) || limit->burst == 0)))
    return Error{Errc::invalid, "limit"};
  Gate& g = gates_[name];
  (layer == Layer::declared ? g.declared : g.by_operator) = limit ? std::optional(*limit) : std::nullopt;
  for (auto& [other, gate] : gates_) {  // those of the class, too
    const Limit l = limit_of(other);
    if (l.per_second > 0) gate.full_at = std::min(gate.full_at, nanos(now.boot) + l.burst * interval(l));
  }
  return {};
}

Result<void> GateTable::hold(const Name& name, Millis at_most, Now now) {
  if (!(valid_name(name.first) || name == Name("*", "")) || name.second.size() > kMaxKey || at_most < Millis(0))
    return Error{Errc::invalid, "hold"};
  Millis& held = gates_[name].held;
  const Millis until = at_most > kHoldForever - now.boot ? kHoldForever : now.boot + at_most;
  held = at_most == Millis(0) ? Millis(0) : std::max(held, until);
  return {};
}

Millis GateTable::held_until(const Name& name) const {
  const auto of = [&](const Name& n) {
    auto found = gates_.find(n);
    return found == gates_.end() ? Millis(0) : found->second.held;
  };
  return name.second.empty() ? std::max(of(name), of({"*", ""})) : of(name);
}

std::optional<Millis> GateTable::opens(const Name& name) const {
  const Limit l = limit_of(name);
  const Millis held = held_until(name);
  if (held == kHoldForever || l.running == 0) return std::nullopt;
  auto found = gates_.find(name);
  if (l.per_second == 0 || found == gates_.end()) return held;
  const std::int64_t token = found->second.full_at - (l.burst - 1) * interval(l);
  return std::max(held, Millis((std::max<std::int64_t>(token, 0) + kMilli - 1) / kMilli));
}

void GateTable::take(const Name& name, Now now) {
  const Limit l = limit_of(name);
  if (l.per_second == 0) return;
  std::int64_t& full_at = gates_[name].full_at;
  full_at = std::max(full_at, nanos(now.boot)) + interval(l);
}

void GateTable::refund(const Name& name) {
  const Limit l = limit_of(name);
  if (l.per_second > 0) gates_[name].full_at -= interval(l);
}

}  // namespace penstock::model
