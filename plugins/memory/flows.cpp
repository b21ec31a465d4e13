#include "flows.hpp"

#include <algorithm>

namespace penstock::memory {
namespace {

constexpr int kMost = 1000;   // flows moved by one call, gates looked at by one
constexpr int kGiveUps = 64;  // tickets given up at once when another flow of their key goes first

std::uint64_t rank(const Task& t) noexcept {
  const std::uint64_t priority = static_cast<std::uint32_t>(t.priority) ^ 0x80000000u;
  return (priority << 16) | static_cast<std::uint64_t>(0xffff - t.weight);
}

// Keys are 255 octets at the most: one octet of length keeps any of them apart.
void spell(std::string& out, std::string_view part) {
  out += static_cast<char>(static_cast<unsigned char>(part.size()));
  out += part;
}

}  // namespace

// ---- records come and go

Flow& Flows::of(std::string_view fair, std::span<const std::string_view> gates, const Now& now) {
  if (fair.empty() && gates.empty()) return plain_;
  std::vector<std::string_view> sorted(gates.begin(), gates.end());
  std::sort(sorted.begin(), sorted.end());
  std::string name;
  spell(name, fair);
  for (std::string_view g : sorted) spell(name, g);
  if (const auto at = flows_.find(std::string_view(name)); at != flows_.end()) return *at->second;

  auto made = std::make_unique<Flow>();
  made->fair = fair;
  made->gates.reserve(sorted.size());
  Key& key = fair.empty() ? no_key_ : keys_[made->fair];
  made->key = &key;
  for (std::string_view g : sorted) made->gates.push_back(&gate(g));
  const auto at = flows_.emplace(std::move(name), std::move(made)).first;
  Flow& flow = *at->second;
  flow.name = at->first;
  ++key.flows;
  for (Gate* g : flow.gates) {
    if (++g->users == 1) schedule(*g, std::nullopt);  // it is idle no more
  }
  if (!lines_) leave_plain(now);
  return flow;
}

void Flows::part(Flow& flow, const Now& now) noexcept {
  if (&flow == &plain_ || --flow.users > 0) return;
  for (Gate* g : flow.gates) {
    --g->users;
    drop_if_unused(*g, now);
  }
  if (--flow.key->flows == 0 && flow.key != &no_key_) keys_.erase(keys_.find(flow.fair));
  flows_.erase(flows_.find(flow.name));
}

void Flows::leave_plain(const Now& now) noexcept {
  lines_ = true;
  plain_.key = &no_key_;
  if (plain_.count > 0) enter(plain_, now);
}

// ---- tasks move

void Flows::push(std::uint32_t slot) {
  const Task& t = pool_.tasks[slot];
  t.flow->ready.push({rank(t), t.arrival, slot, t.ticket + 1}, t.flow->count, pool_.task_ticket());
}

void Flows::ready(Task& t, const Now& now) noexcept {
  Flow& flow = *t.flow;
  ++flow.count;
  if (!lines_) return;
  const Place place{rank(t), t.arrival};
  if (!flow.line) {
    enter(flow, now);
  } else if (place < flow.head) {
    flow.line->move(flow, place);
  }
}

void Flows::unready(Task& t, const Now& now) noexcept {
  Flow& flow = *t.flow;
  --flow.count;
  if (!flow.line) return;
  if (flow.count == 0) {
    leave(flow);
    regate_all(flow, false, now);
  } else if (const auto best = head(flow); *best != flow.head) {
    flow.line->move(flow, *best);
  }
}

void Flows::claimed(Task& t, const Now& now) noexcept {
  --t.flow->count;
  own_.take(now);
  for (Gate* g : t.flow->gates) g->take(now);
}

void Flows::served(Flow& flow, const Now& now) noexcept {
  if (!flow.line) return;
  const Key& key = *flow.key;
  leave(flow);
  pass_over(key, now);
  regate_all(flow, false, now);
  open_.turn(key);
  if (flow.count > 0) enter(flow, now);
}

void Flows::returned(Task& t, const Now& now) noexcept {
  bool room = own_.limit.running >= 0;
  --own_.leased;
  for (Gate* g : t.flow->gates) {
    --g->leased;
    room = regate(*g, false, now) || room;
  }
  if (room) pool_.bell.work();
}

void Flows::refund(Task& t) noexcept {
  own_.refund();
  for (Gate* g : t.flow->gates) g->refund();
}

std::optional<Place> Flows::head(Flow& flow) noexcept {
  const Heap::Entry* e = flow.ready.top(pool_.task_ticket());
  return e ? std::optional(Place{e->major, e->minor}) : std::nullopt;
}

// ---- lines

// The gate that has no room for the flow, or where others wait already; `past`: not to be asked.
Gate* Flows::closed(const Flow& flow, const Gate* past, const Now& now) const noexcept {
  for (Gate* g : flow.gates) {
    if (g != past && !(g->line.empty() && g->admitted < g->room(now))) return g;
  }
  return nullptr;
}

void Flows::enter(Flow& flow, const Now& now) noexcept {
  flow.head = *head(flow);
  const Flow* best = open_.best(*flow.key);
  if (best && flow.head < best->head) pass_over(*flow.key, now);
  stand(flow, closed(flow, nullptr, now), false, now);
}

// Puts the flow into the line of the gate, or into the open one, with a ticket if a gate counts.
void Flows::stand(Flow& flow, Gate* gate, bool to_front, const Now& now) noexcept {
  try {
    (gate ? gate->line : open_).join(flow, to_front);
    if (gate) {
      if (!gate->due && gate->room(now) == 0) schedule(*gate, gate->opens(now));
    } else if (std::ranges::any_of(flow.gates, &Gate::limited)) {
      open_.grant(flow);
      for (Gate* g : flow.gates) ++g->admitted;
    }
  } catch (...) {
    strays_ = strays_ || !flow.line;  // without a ticket it parks at its turn, if it must
  }
}

// Another flow of the key goes first: the room made for the ones in the open line is for others to take.
void Flows::pass_over(const Key& key, const Now& now) noexcept {
  for (int n = 0; n < kGiveUps; ++n) {
    Flow* holder = open_.ticket_holder(key);
    if (!holder) break;
    give_up(*holder);
    regate_all(*holder, false, now);
  }
}

void Flows::give_up(Flow& flow) noexcept {
  if (flow.ticket == 0) return;
  open_.revoke(flow);
  for (Gate* g : flow.gates) --g->admitted;
}

void Flows::leave(Flow& flow) noexcept {
  give_up(flow);
  flow.line->leave(flow);
}

// The front flow meets a closed gate: a limit was lowered, or its ticket is gone.
void Flows::park(Flow& flow, Gate& gate, const Now& now) noexcept {
  leave(flow);
  stand(flow, &gate, false, now);
  regate_all(flow, true, now);
}

bool Flows::regate(Gate& gate, bool to_front, const Now& now) noexcept {
  int moved = 0;
  while (!gate.line.empty() && gate.admitted < gate.room(now) && moved < kMost) {
    Flow& flow = gate.line.front();
    const Key& key = *flow.key;
    gate.line.leave(flow);
    gate.line.turn(key);
    stand(flow, closed(flow, &gate, now), to_front, now);
    ++moved;
  }
  if (gate.line.empty()) {
    if (gate.users > 0) schedule(gate, std::nullopt);
  } else if (moved == kMost) {
    schedule(gate, now.boot);
  } else {
    schedule(gate, gate.room(now) == 0 ? gate.opens(now) : std::nullopt);
  }
  return moved > 0;
}

void Flows::regate_all(const Flow& flow, bool to_front, const Now& now) noexcept {
  for (Gate* g : flow.gates) {
    if (!g->line.empty()) regate(*g, to_front, now);
  }
}

void Flows::schedule(Gate& gate, std::optional<Millis> at) noexcept {
  if (gate.due == at) return;
  if (gate.due && due_.erase({*gate.due, &gate}) == 0) idle_.erase({*gate.due, &gate});
  gate.due.reset();
  if (!at) return;
  try {
    (gate.users > 0 ? due_ : idle_).insert({*at, &gate});
    gate.due = at;
  } catch (...) {
    strays_ = true;
  }
}

void Flows::refresh(const Now& now) noexcept {
  if (strays_) {
    strays_ = false;
    if (lines_ && plain_.count > 0 && !plain_.line) enter(plain_, now);
    for (auto& [name, flow] : flows_) {
      if (flow->count > 0 && !flow->line) enter(*flow, now);
    }
    for (auto& [name, g] : gates_) {
      if (!g.line.empty() || g.users == 0) schedule(g, now.boot);
    }
  }
  for (int n = 0; n < kMost && !due_.empty() && due_.begin()->first <= now.boot; ++n) {
    Gate& gate = *due_.begin()->second;
    schedule(gate, std::nullopt);
    regate(gate, false, now);
  }
  for (int n = 0; n < kMost && !idle_.empty() && idle_.begin()->first <= now.boot; ++n) {
    Gate& gate = *idle_.begin()->second;
    schedule(gate, std::nullopt);
    drop_if_unused(gate, now);
  }
}

// ---- claims

Flows::Choice Flows::choose(std::uint64_t most, bool ahead, const Now& now) noexcept {
  most = std::min(most, own_.room(now));
  if (most == 0) return {};
  const std::uint64_t half = ahead ? own_.slots_ahead() : kNoLimit;
  if (!lines_) return {&plain_, std::min({most, half, plain_.count}), half == 0 && plain_.count > 0};
  for (int n = 0; n < kMost && !open_.empty(); ++n) {
    Flow& flow = open_.front();
    std::uint64_t room = most;
    Gate* closed = nullptr;
    for (Gate* g : flow.gates) {
      room = std::min(room, g->room(now));
      if (room == 0) {
        closed = g;
        break;
      }
    }
    if (closed) {
      park(flow, *closed, now);
      continue;
    }
    room = std::min(room, half);
    if (ahead) {
      for (Gate* g : flow.gates) room = std::min(room, g->slots_ahead());
    }
    if (room == 0) return {nullptr, 0, true};
    return {&flow, open_.single() ? std::min(room, flow.count) : 1, false};
  }
  return {};
}

bool Flows::claimable(const Now& now) const noexcept {
  return own_.room(now) > 0 && (lines_ ? !open_.empty() || strays_ : plain_.count > 0);
}

std::optional<Millis> Flows::next_opening(const Now& now) const noexcept {
  if (own_.room(now) == 0) return own_.opens(now);
  return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
}

}  // namespace penstock::memory
