#include "flows.hpp"

#include <algorithm>

namespace penstock::memory {
namespace {

constexpr int kMost = 1000;  // flows moved by one call, gates looked at by one
constexpr int kAtOnce = 64;  // flows of one key, where all are meant

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
  // Nothing is known of a key of which nothing was left: it may have had a turn just now, and what it has came later.
  if (key.flows == 0 && key.turn == 0) key.turn = turns_;
  made->key = &key;
  for (std::string_view g : sorted) made->gates.push_back(&gate(g));
  const auto at = flows_.emplace(std::move(name), std::move(made)).first;
  Flow& flow = *at->second;
  flow.name = at->first;
  ++key.flows;
  for (Gate* g : flow.gates) {
    if (g->users++ == 0) schedule(*g, std::nullopt);  // it is not to be dropped any more
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
  if (plain_.count == 0) return;
  plain_.since = ++turns_;
  enter(plain_, nullptr, now);
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
    flow.since = ++turns_;
    enter(flow, nullptr, now);
  } else if (place < flow.head) {
    flow.line->move(flow, place);
  }
}

void Flows::unready(Task& t, const Now& now) noexcept {
  Flow& flow = *t.flow;
  --flow.count;
  if (!flow.line) return;
  if (flow.count == 0) {
    const std::uint64_t place = open_.place(*flow.key);
    leave(flow);
    left(flow, place, now);
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
  Key& key = *flow.key;
  const bool alone = flow.seat->others.empty() && key.away.empty();
  if (alone && flow.count > 0 && flow.gates.empty()) {  // the rest in short: it goes to the end of its line
    flow.since = key.turn = ++turns_;
    return open_.move_back(flow, *head(flow), key.turn);
  }
  leave(flow);
  key.turn = ++turns_;
  open_.place(key, key.turn);
  pass_over(key, now);
  regate_all(flow, now);
  if (flow.count == 0) return;
  flow.since = ++turns_;
  enter(flow, nullptr, now);
}

void Flows::returned(Task& t, const Now& now) noexcept {
  bool room = own_.limit.running >= 0;
  --own_.leased;
  for (Gate* g : t.flow->gates) {
    --g->leased;
    room = regate(*g, now) || room;
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

// Finds the flow a line: the open one, or that of the first gate without room. `out_of` is the gate that
// lets it out: others who wait there do not go first.
void Flows::enter(Flow& flow, const Gate* out_of, const Now& now) noexcept {
  flow.head = *head(flow);
  const bool limited = std::ranges::any_of(flow.gates, &Gate::limited);
  const Flow* other = limited && !out_of ? open_.best(*flow.key) : nullptr;
  const bool best = !other || flow.head < other->head;
  if (limited && !out_of && best && other) pass_over(*flow.key, now);
  for (Gate* g : flow.gates) {
    if ((g != out_of && !g->line.empty()) || g->admitted >= g->room(now)) return wait(flow, *g, now);
  }
  stand(flow, place(flow), limited && best);
}

void Flows::wait(Flow& flow, Gate& gate, const Now& now) noexcept {
  if (gate.line.empty()) open(gate, gate.room(now) > 0 ? turns_ : 0);
  std::vector<Flow*>& away = flow.key->away;
  try {
    away.push_back(&flow);
    gate.line.join(flow, flow.since);
    flow.away = away.size() - 1;
  } catch (...) {
    if (!away.empty() && away.back() == &flow) away.pop_back();  // it was the line that found none
    strays_ = true;
  }
  if (!gate.due) schedule(gate, look_at(gate, now));
}

// Of a flow that comes into the open line.
std::uint64_t Flows::place(const Flow& flow) const noexcept {
  std::uint64_t out = std::max(flow.key->turn, flow.since);
  for (const Gate* g : flow.gates) out = std::max(out, g->opened);
  // Other flows of the key, which wait at gates with room, may have waited for longer.
  if (!flow.key->away.empty() && !open_at_.empty())
    out = std::max(flow.key->turn, std::min(out, open_at_.begin()->first));
  return out;
}

// Into the open line; with a ticket if a gate is to count it.
void Flows::stand(Flow& flow, std::uint64_t place, bool ticket) noexcept {
  try {
    open_.join(flow, place);
    if (!ticket) return;
    open_.grant(flow);
    for (Gate* g : flow.gates) ++g->admitted;
  } catch (...) {
    strays_ = strays_ || !flow.line;  // without a ticket it parks at its turn, if it must
  }
}

// Another flow of the key goes first: the room made for the ones in the open line is for others to take.
void Flows::pass_over(const Key& key, const Now& now) noexcept {
  for (int n = 0; n < kAtOnce; ++n) {
    Flow* holder = open_.ticket_holder(key);
    if (!holder) break;
    give_up(*holder);
    regate_all(*holder, now);
  }
}

void Flows::give_up(Flow& flow) noexcept {
  if (flow.ticket == 0) return;
  open_.revoke(flow);
  for (Gate* g : flow.gates) --g->admitted;
}

void Flows::leave(Flow& flow) noexcept {
  give_up(flow);
  if (flow.line != &open_) {
    std::vector<Flow*>& away = flow.key->away;
    away.back()->away = flow.away;
    away[flow.away] = away.back();
    away.pop_back();
  }
  flow.line->leave(flow);
}

// The front flow meets a closed gate: a limit was lowered, or its ticket is gone.
void Flows::park(Flow& flow, Gate& gate, const Now& now) noexcept {
  const std::uint64_t place = open_.place(*flow.key);
  leave(flow);
  wait(flow, gate, now);
  left(flow, place, now);
}

// The flow left the open line, in which its key has that place (0: it did not stand there), and was not served.
void Flows::left(const Flow& flow, std::uint64_t place, const Now& now) noexcept {
  restore(flow);
  regate_all(flow, now);
  if (place > 0 && !open_.best(*flow.key)) call_back(*flow.key, place, now);
}

// The key has lost its last flow in the open line: those of its flows come in at its place that wait at gates which are
// open all the same, even if room is kept there for others. They had none of it because they had another way.
void Flows::call_back(Key& key, std::uint64_t place, const Now& now) noexcept {
  std::size_t at = key.away.size();
  for (int n = 0; n < kAtOnce && at-- > 0; ++n) {
    Flow& flow = *key.away[at];
    if (std::ranges::any_of(flow.gates, [&](const Gate* g) { return g->room(now) == 0; })) continue;
    leave(flow);
    stand(flow, place, true);
    regate_all(flow, now);
    at = std::min(at, key.away.size());
  }
}

// Its key has its place again at the gates that it waits at.
void Flows::restore(const Flow& flow) noexcept {
  for (Gate* g : flow.gates) {
    if (g->line.place(*flow.key) > flow.key->turn) g->line.place(*flow.key, flow.key->turn);
  }
}

// Room may have come: lets out as many flows as there is room for.
bool Flows::regate(Gate& gate, const Now& now) noexcept {
  int moved = 0;
  while (!gate.line.empty()) {
    const std::uint64_t room = gate.room(now);
    if (room == 0) open(gate, 0);
    if (room > 0 && gate.opened == 0) open(gate, ++turns_);
    if (gate.admitted >= room || moved == kMost) break;
    Flow& flow = next_out(gate);
    leave(flow);
    enter(flow, &gate, now);
    if (flow.line == &open_) gate.line.place(*flow.key, ++turns_);
    ++moved;
  }
  if (gate.line.empty()) {
    open(gate, 0);
    schedule(gate, std::nullopt);
  } else if (moved == kMost) {
    schedule(gate, now.boot);
  } else {
    schedule(gate, look_at(gate, now));
  }
  return moved > 0;
}

void Flows::regate_all(const Flow& flow, const Now& now) noexcept {
  for (Gate* g : flow.gates) {
    if (!g->line.empty() || g->due || g->opened != 0) regate(*g, now);
  }
}

// The flow whose turn it is to be let out. A key that was served while it stood here goes behind those that
// were waiting then.
Flow& Flows::next_out(Gate& gate) noexcept {
  for (;;) {
    Flow& flow = gate.line.front();
    if (flow.key->turn <= gate.line.place(*flow.key)) return flow;
    gate.line.place(*flow.key, flow.key->turn);
  }
}

void Flows::open(Gate& gate, std::uint64_t since) noexcept {
  if (gate.opened != 0) open_at_.erase({gate.opened, &gate});
  gate.opened = since;
  if (since == 0) return;
  try {
    open_at_.insert({since, &gate});
  } catch (...) {
    gate.opened = 0;
  }
}

// When time will have opened it, or made room in it for one more.
std::optional<Millis> Flows::look_at(const Gate& gate, const Now& now) noexcept {
  return gate.opens(now, gate.room(now) == 0 ? 1 : gate.admitted + 1);
}

void Flows::schedule(Gate& gate, std::optional<Millis> at) noexcept {
  if (gate.due == at) return;
  if (gate.due) due_.erase({*gate.due, &gate}), idle_.erase({*gate.due, &gate});
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
    const auto take_in = [&](Flow& flow) {
      if (flow.count == 0 || flow.line) return;
      flow.since = ++turns_;
      enter(flow, nullptr, now);
    };
    if (lines_) take_in(plain_);
    for (auto& [name, flow] : flows_) take_in(*flow);
    for (auto& [name, g] : gates_) {
      if (!g.line.empty() || g.users == 0) schedule(g, now.boot);
    }
  }
  for (int n = 0; n < kMost && !due_.empty() && due_.begin()->first <= now.boot; ++n) {
    Gate& gate = *due_.begin()->second;
    schedule(gate, std::nullopt);
    regate(gate, now);
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
    open_.prefetch();
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
