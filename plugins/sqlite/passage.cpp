// The part of Lines that is about gates: how flows get from line to line.
#include <algorithm>

#include "lines.hpp"
#include "statements.hpp"
#include "traits.hpp"

namespace penstock::sqlite {
namespace {
constexpr int kMostAtOnce = 64;  // flows of one key, where all are meant
}

// The gates of a flow, in order of their names.
const std::vector<Gate*>& Lines::gates(const QueueRow& q, std::string_view flow) {
  if (gates_q_ != q.q || gates_flow_ != flow) {
    gates_list_.clear();
    for (std::string_view name : gates_of(flow)) gates_list_.push_back(&gates_.at(q, name));
    gates_flow_ = flow;
    gates_q_ = q.q;
  }
  return gates_list_;
}

const std::vector<Gate*>& Lines::passes(const QueueRow& q, Flow& f) {
  if (f.passes.empty()) f.passes = gates(q, f.name);
  return f.passes;
}

// Finds the flow a line: the open one, or that of the first gate without room. `out_of` is the gate that
// lets it out: others who wait there do not go first.
void Lines::enter(QueueRow& q, Flow& f, const Gate* out_of) {
  bool limited = false;
  for (Gate* g : passes(q, f)) limited |= g->room(clock_) != kNoLimit;
  Seat& s = home(q, fair_of(f.name));
  const bool best = limited && !out_of && best_of(q, s, f.head);
  if (best) discount(q, s);
  for (Gate* g : f.passes) {
    if ((g != out_of && g->waiting > 0) || g->admitted >= g->room(clock_)) return wait(q, f, *g);
  }
  std::int64_t turn = std::max(s.turn, f.since);
  for (Gate* g : f.passes) turn = std::max(turn, g->opened);
  let_in(q, f, turn_for(q, s, turn), limited && (out_of || best));
}

void Lines::let_in(QueueRow& q, Flow& f, std::int64_t turn, bool counted) {
  f.counted = counted;
  for (Gate* g : f.passes) {
    if (counted) ++g->admitted, gates_.touch(*g);
  }
  stand(q, home(q, fair_of(f.name)), f, turn);
}

void Lines::wait(QueueRow& q, Flow& f, Gate& g) {
  if (g.waiting++ == 0) g.opened = g.room(clock_) > 0 ? q.turns : Gate::kClosed;
  gates_.touch(g);
  Seat& s = home(q, fair_of(f.name));
  ++s.away;
  seats_.touch(s);
  tally(q, s);
  ++q.parked, q.flow_changed = true;
  stand(q, seats_.at(-g.id, s.key), f, f.since);
}

// A flow of the open line that turns out to have no room at `g` goes to wait there.
void Lines::send(QueueRow& q, Flow& f, Gate& g) {
  unstand(q, f);
  wait(q, f, g);
  restore(q, f);
  for (Gate* other : f.passes) {
    if (other != &g) regate(q, *other);
  }
  call_back(q, fair_of(f.name), 1);
}

void Lines::leave(QueueRow& q, Flow& f) {
  passes(q, f);
  unstand(q, f);
  tally(q, seats_.at(q.q, fair_of(f.name)));
  restore(q, f);
  for (Gate* g : f.passes) regate(q, *g);
  call_back(q, fair_of(f.name), 0);
}

// When a key has lost its last flow in the open line and was not served, those of its flows that wait at
// gates which are open all the same come in at its place, even if room is kept there for others: they had
// none of it because they had another way. `closed`: so many are known to have no room.
void Lines::call_back(QueueRow& q, std::string_view key, std::int64_t closed) {
  Seat& s = seats_.at(q.q, key);
  if (s.flows > 0 || s.away <= closed) return;
  save_lines();
  for (Flow* f : flows_.of_key(q.q, key, kMostAtOnce)) {
    const auto& gates = passes(q, *f);
    if (!std::all_of(gates.begin(), gates.end(), [&](Gate* g) { return g->room(clock_) > 0; })) continue;
    unstand(q, *f);
    let_in(q, *f, s.turn, true);
    tally(q, s);
  }
}

// The flow left the open line, and its key was not served for it: those that wait behind the same gates have
// their place again.
void Lines::restore(QueueRow& q, Flow& f) {
  const Seat& at_home = seats_.at(q.q, fair_of(f.name));
  for (Gate* g : f.passes) {
    if (g->waiting == 0) continue;
    Seat& s = seats_.at(-g->id, at_home.key);
    if (s.flows > 0 && s.turn > at_home.turn) seats_.turn(s, at_home.turn);
  }
}

void Lines::stand(QueueRow& q, Seat& s, Flow& f, std::int64_t turn) {
  f.seat = s.id;
  s.counted += f.counted;
  s.standing(f.counted).add(f.head, f);
  flows_.touch(f);
  seats_.join(s, turn);
  tally(q, s);
}

// Takes the flow out of its line; tally() is for the caller, once the flow has got where it goes.
void Lines::unstand(QueueRow& q, Flow& f) {
  Seat& s = seats_.get(f.seat);
  f.seat = 0;
  s.counted -= f.counted;
  s.standing(f.counted).remove(f.head);
  flows_.touch(f);
  seats_.leave(s);
  for (Gate* g : passes(q, f)) {
    const bool here = s.line == -g->id;
    if (!here && !f.counted) continue;
    --(here ? g->waiting : g->admitted);
    gates_.touch(*g);
  }
  f.counted = false;
  if (s.line == q.q) return;
  Seat& at_home = seats_.at(q.q, s.key);
  --at_home.away;
  seats_.touch(at_home);
  --q.parked, q.flow_changed = true;
}

void Lines::move(Flow& f, Head head) {
  Seat& s = seats_.get(f.seat);
  s.standing(f.counted).remove(f.head);
  f.head = head;
  s.standing(f.counted).add(f.head, f);
  flows_.touch(f);
}

bool Lines::best_of(QueueRow& q, Seat& s, Head head) {
  if (s.own && *this->head(own_lane(q, s)) < head) return false;
  const Flow* other = best(s, 2);
  return !other || head < other->head;
}

// Room may have come: lets out as many flows as there is room for.
void Lines::regate(QueueRow& q, Gate& g) {
  g.overdue = false;
  while (g.waiting > 0) {
    const std::int64_t room = g.room(clock_);
    if (room == 0) g.opened = Gate::kClosed;
    if (room > 0 && g.opened == Gate::kClosed) g.opened = ++q.turns, q.flow_changed = true;
    gates_.touch(g);
    if (g.admitted >= room) return;
    g.overdue = moves_ == 0;
    if (g.overdue) return;
    --moves_;
    Seat& s = next_out(q, g);
    Flow& f = *best(s, 2);
    unstand(q, f);
    enter(q, f, &g);
    const bool let_in = seats_.get(f.seat).line == q.q;
    if (let_in && s.flows > 0) seats_.turn(s, ++q.turns), q.flow_changed = true;
    tally(q, seats_.at(q.q, s.key));
  }
}

// The seat whose turn it is to be let out. A key that was served while it stood here goes behind those
// that were waiting then.
Seat& Lines::next_out(QueueRow& q, const Gate& g) {
  for (;;) {
    Seat& s = *front(-g.id, 8);
    const Seat& at_home = seats_.at(q.q, s.key);
    if (at_home.turn <= s.turn) return s;
    seats_.turn(s, at_home.turn);
  }
}

// The key of this seat was served by another flow than those that are counted there, or comes to have a
// better one: they have had their chance.
void Lines::discount(QueueRow& q, Seat& s) {
  std::vector<Flow*> flows;
  for (int left = kMostAtOnce; s.counted > 0 && left > 0; --left) {
    Flow& f = *s.standing(true).first(16, [&](std::size_t n) {
      save_lines();
      return flows_.first(s.id, true, n);
    });
    s.standing(true).remove(f.head);
    s.standing(false).add(f.head, f);
    --s.counted;
    seats_.touch(s);
    f.counted = false;
    flows_.touch(f);
    for (Gate* g : passes(q, f)) --g->admitted, gates_.touch(*g);
    flows.push_back(&f);
  }
  for (Flow* f : flows) {
    for (Gate* g : f->passes) regate(q, *g);
  }
}

bool Lines::give_back(QueueRow& q, std::string_view flow, bool refund) {
  bool awaited = false;
  for (Gate* g : gates(q, flow)) {
    --g->leased;
    if (refund) g->meter.refund();
    gates_.touch(*g);
    awaited |= g->waiting > 0;
  }
  if (!awaited) return false;
  const std::vector<Gate*> all = gates(q, flow);  // a copy: letting others out looks up theirs
  for (Gate* g : all) regate(q, *g);
  return true;
}

// ---- time and people

void Lines::look(QueueRow& q) {
  if (!q.walk_to.empty()) walk(q);
  if (q.parked == 0) return;
  save();
  std::vector<std::string> names;
  {
    Use use(sql_.flow().gate_due, q.q, clock_.boot(), kMostMoved);
    while (use.next()) names.emplace_back(use.bytes(0));
  }
  for (const std::string& name : names) regate(q, gates_.at(q, name));
}

std::optional<std::int64_t> Lines::due(QueueRow& q) {
  if (!q.walk_to.empty()) return 0;
  if (q.parked == 0) return {};
  save();
  Use use(sql_.flow().gate_first_due, q.q);
  return use.next() && !use.null(0) ? std::optional(use.integer(0)) : std::nullopt;
}

void Lines::limit_changed(QueueRow& q, std::string_view from, std::string_view to) {
  q.walk_from = q.walk_to.empty() ? std::string(from) : std::min(q.walk_from, std::string(from));
  q.walk_to = std::max(q.walk_to, std::string(to));
  gates_.set(q);
  walk(q);
}

void Lines::walk(QueueRow& q) {
  save();
  std::vector<std::string> names;
  {
    Use use(sql_.flow().gate_named, q.q, std::string_view(q.walk_from), std::string_view(q.walk_to), kMostMoved);
    while (use.next()) names.emplace_back(use.bytes(0));
  }
  for (const std::string& name : names) {
    Gate& g = gates_.at(q, name);
    gates_.touch(g);
    regate(q, g);
  }
  q.flow_changed = true;
  if (names.size() == kMostMoved) {
    q.walk_from = names.back() + '\0';
  } else {
    q.walk_from.clear();
    q.walk_to.clear();
  }
}

}  // namespace penstock::sqlite
