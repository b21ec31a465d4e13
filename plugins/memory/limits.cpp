// The part of Flows that deals with gates as such: what is set for them, and how long they stay.
#include "flows.hpp"

namespace penstock::memory {
namespace {

std::string_view class_of(std::string_view gate) noexcept {
  const std::size_t colon = gate.find(':');
  return colon == std::string_view::npos ? std::string_view() : gate.substr(0, colon);
}

constexpr std::size_t kMostSettings = 100'000;  // of a queue

Error too_many() { return {Errc::resource_exhausted, "100000 gates of this queue have a limit or a hold already"}; }

}  // namespace

Gate& Flows::gate(std::string_view name) {
  if (const auto at = gates_.find(name); at != gates_.end()) return at->second;
  const auto at = gates_.try_emplace(std::string(name)).first;
  at->second.name = at->first;
  adopt(at->second, {});
  return at->second;
}

void Flows::adopt(Gate& gate, const Now& now) noexcept {
  const auto own = settings_.find(gate.name);
  const Limit* limit = own == settings_.end() ? nullptr : own->second.limit();
  if (const auto of_class = class_of(gate.name); !limit && !of_class.empty()) {
    const auto at = settings_.find(of_class);
    if (at != settings_.end()) limit = at->second.limit();
  }
  gate.limit = limit ? *limit : Limit();
  gate.held_until = own == settings_.end() ? Millis() : own->second.held_until;
  if (gate.timed()) gate.full_at = gate.rate().adopt(gate.full_at, Gate::nanos(now));
}

// What is set for the name; null: no room for another one.
GateSetting* Flows::setting(std::string_view name) {
  if (const auto at = settings_.find(name); at != settings_.end()) return &at->second;
  return settings_.size() < kMostSettings ? &settings_[std::string(name)] : nullptr;
}

// Something was set for the name: those it is for take it over.
Result<void> Flows::changed(std::string_view name, const Now& now) {
  const auto at = settings_.find(name);
  if (const GateSetting& s = at->second; !s.declared && !s.by_operator && s.held_until <= now.boot) settings_.erase(at);
  if (name.empty()) adopt(own_, now);
  for (auto& [gate_name, g] : gates_) {
    if (name.empty() || (gate_name != name && class_of(gate_name) != name)) continue;
    adopt(g, now);
    if (!g.line.empty()) schedule(g, now.boot);
  }
  pool_.bell.work();
  return {};
}

Result<void> Flows::limit(std::string_view gate, Layer layer, const Limit* limit, const Now& now) {
  GateSetting* s = setting(gate);
  if (!s) return too_many();
  (layer == Layer::declared ? s->declared : s->by_operator) = limit ? std::optional(*limit) : std::nullopt;
  return changed(gate, now);
}

Result<void> Flows::hold(std::string_view gate, Millis at_most, const Now& now) {
  GateSetting* s = setting(gate);
  if (!s) return too_many();
  s->held_until = at_most == Millis(0) ? Millis(0) : std::max(s->held_until, later(now.boot, at_most));
  return changed(gate, now);
}

void Flows::drop_if_unused(Gate& gate, const Now& now) noexcept {
  if (gate.users > 0) return;
  schedule(gate, std::nullopt);
  if (gate.full(now)) {
    gates_.erase(gates_.find(gate.name));
  } else {
    schedule(gate, Millis((gate.full_at + 999'999) / 1'000'000));
  }
}

void Flows::list(const std::string& queue, std::vector<GateState>& out, const Now& now) const {
  for (const auto& [name, s] : settings_) {
    GateState& state = out.emplace_back();
    state.queue = queue;
    state.gate = name;
    state.declared = s.declared;
    state.by_operator = s.by_operator;
    if (s.held_until > now.boot) {
      state.held = s.held_until == Millis::max() ? kHoldForever : s.held_until - now.boot;
    }
    const auto at = gates_.find(std::string_view(name));
    if (name.empty()) {
      state.leased = own_.leased;
    } else if (at != gates_.end()) {
      state.leased = at->second.leased;
      state.waiting = at->second.line.flows();
    }
    if (!state.declared && !state.by_operator && !state.held) out.pop_back();
  }
}

}  // namespace penstock::memory
