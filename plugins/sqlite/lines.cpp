#include "lines.hpp"

#include <algorithm>

#include "statements.hpp"
#include "traits.hpp"

namespace penstock::sqlite {

Lines::Place Lines::place(QueueRow& q, std::string_view name) {
  if (name.empty()) return {q.line(State::ready), nullptr, nullptr};
  if (place_q_ == q.q && place_name_ == name) return place_;
  place_q_ = q.q;
  place_name_ = name;
  if (has_gates(name)) {
    Flow& f = flows_.at(q.q, name);
    place_ = {8 * f.id + kFlowLane, nullptr, &f};
  } else {
    Seat& s = seats_.at(q.q, fair_of(name));
    place_ = {8 * s.id + kSeatLane, &s, nullptr};
  }
  return place_;
}

void Lines::came(QueueRow& q, const Place& at, Head head) {
  if (!at.seat && !at.flow) return came_plain(q, 1);
  q.count(State::ready, 1);
  ++q.keyed, q.flow_changed = true;
  if (at.flow) {
    Flow& f = *at.flow;
    if (f.seat == 0) {
      home(q, fair_of(f.name));  // the plain flow was there before
      f.head = head;
      f.since = ++q.turns;
      enter(q, f, nullptr);
    } else if (head < f.head) {
      move(f, head);
    }
  } else if (Seat& s = *at.seat; !s.own) {
    home(q, s.key);
    s.own = true;
    seats_.join(s, turn_for(q, s, ++q.turns));
    tally(q, s);
  }
}

void Lines::came_plain(QueueRow& q, std::int64_t tasks) {
  q.count(State::ready, tasks);
  sync_plain(q);
}

void Lines::went(QueueRow& q, std::int64_t lane) {
  q.count(State::ready, -1);
  if (lane == q.line(State::ready)) return sync_plain(q);
  --q.keyed, q.flow_changed = true;
  const auto next = head(lane);
  if (lane % 8 == kFlowLane) {
    Flow& f = flows_.get(lane / 8);
    if (!next) {
      leave(q, f);
    } else if (*next != f.head) {
      move(f, *next);
    }
  } else if (!next) {
    Seat& s = seats_.get(lane / 8);
    s.own = false;
    seats_.leave(s);
    tally(q, s);
    call_back(q, s.key, 0);
  }
}

Lines::Turn Lines::next(QueueRow& q, std::uint32_t want) {
  for (;; --moves_) {
    Turn t;
    t.room = q.own.room(q.counted(State::leased), clock_);
    t.ahead = q.own.slots_ahead(q.counted(State::leased));
    if (t.room == 0) return {};
    if (q.seats == 0) {
      t.lane = q.plain_ready() > 0 ? q.line(State::ready) : 0;
      t.alone = true;
      return t;
    }
    t.seat = front(q.q, want + 1);
    if (!t.seat) return {};
    const auto peers = seats_.ring(q.q).size();
    t.peers = peers.value_or(want);
    t.alone = peers == 1 && t.seat->flows == 1;
    t.lane = own_lane(q, *t.seat);
    t.flow = best(*t.seat, peers == 1 ? want + 1 : 2);
    if (t.flow && t.seat->own && *head(t.lane) < t.flow->head) t.flow = nullptr;
    if (!t.flow) return t;
    t.lane = 8 * t.flow->id + kFlowLane;
    Gate* closed = nullptr;
    for (Gate* g : passes(q, *t.flow)) {
      t.room = std::min(t.room, g->room(clock_));
      t.ahead = std::min(t.ahead, g->meter.slots_ahead(g->leased));
      if (t.room == 0 && !closed) closed = g;
    }
    if (!closed) return t;
    if (moves_ == 0) return {.stopped = true};
    send(q, *t.flow, *closed);
  }
}

void Lines::served(QueueRow& q, const Turn& t, std::int64_t tasks, std::optional<Head> next) {
  q.count(State::ready, -tasks);
  q.count(State::leased, tasks);
  if (q.own.timed()) q.own.take(tasks, clock_), q.flow_changed = true;
  if (!t.seat) return;
  Seat& s = *t.seat;
  const bool plain = t.lane == q.line(State::ready);
  if (!plain) q.keyed -= tasks;
  q.flow_changed = true;
  if (t.flow) {
    for (Gate* g : passes(q, *t.flow)) {
      g->leased += tasks;
      g->meter.take(tasks, clock_);
      gates_.touch(*g);
    }
    unstand(q, *t.flow);
  } else if (plain ? q.plain_ready() == 0 : !next) {
    s.own = false;
    seats_.leave(s);
    tally(q, s);
  }
  const bool passed_on = !t.alone || q.parked > 0;  // else nobody is there for whom the turn could matter
  if (passed_on) seats_.turn(s, ++q.turns);
  discount(q, s);
  if (!t.flow) return;
  for (Gate* g : passes(q, *t.flow)) regate(q, *g);
  if (next) {
    t.flow->head = *next;
    if (passed_on) t.flow->since = ++q.turns;
    enter(q, *t.flow, nullptr);
  }
  tally(q, s);
}

bool Lines::claimable(QueueRow& q) { return q.seats == 0 ? q.plain_ready() > 0 : front(q.q, 1) != nullptr; }

void Lines::save() {
  save_lines();
  gates_.save();
}

void Lines::save_lines() {
  flows_.save();
  seats_.save();
}

// ---- seats

// The key's seat in the open line. The plain flow, when it was alone so far, takes its own first.
Seat& Lines::home(QueueRow& q, std::string_view key) {
  if (q.seats == 0 && q.plain_ready() > 0) {
    Seat& plain = seats_.at(q.q, {});
    plain.own = true;
    seats_.join(plain, ++q.turns);
    tally(q, plain);
  }
  Seat& s = seats_.at(q.q, key);
  // Nothing is known of a key of which nothing was left: it may have had a turn just now, and what it has came later.
  if (!s.there && s.turn == 0) s.turn = q.turns;
  return s;
}

// Keeps count of the seats in the open line. The plain flow gives up its own when it is alone again.
void Lines::tally(QueueRow& q, Seat& s) {
  if (s.line != q.q || s.needed() == s.there) return;
  s.there = s.needed();
  q.seats += s.there ? 1 : -1;
  q.flow_changed = true;
  if (s.there || q.seats != 1) return;
  Seat& plain = seats_.at(q.q, {});
  if (!plain.own || plain.flows > 1 || plain.away > 0) return;
  plain.own = plain.there = false;
  seats_.leave(plain);
  q.seats = 0;
}

void Lines::sync_plain(QueueRow& q) {
  if (q.seats == 0) return;
  Seat& s = seats_.at(q.q, {});
  const bool ready = q.plain_ready() > 0;
  if (ready == s.own) return;
  s.own = ready;
  if (ready) {
    seats_.join(s, turn_for(q, s, ++q.turns)), q.flow_changed = true;
  } else {
    seats_.leave(s);
  }
  tally(q, s);
  if (!ready) call_back(q, s.key, 0);
}

// The turn of a key that comes into the open line, and would have this one. If flows of it wait at gates it
// may have had tasks to claim before: not earlier than its last turn, nor than such a gate opened.
std::int64_t Lines::turn_for(const QueueRow& q, const Seat& s, std::int64_t turn) {
  if (s.away == 0) return turn;
  return std::max(s.turn, std::min(turn, gates_.oldest_open(q.q)));
}

std::int64_t Lines::own_lane(const QueueRow& q, const Seat& s) const noexcept {
  return s.key.empty() ? q.line(State::ready) : 8 * s.id + kSeatLane;
}

std::optional<Head> Lines::head(std::int64_t lane) {
  Use use(sql_.flow().task_head, lane);
  return use.next() ? std::optional(Head{use.integer(0), use.integer(1)}) : std::nullopt;
}

Seat* Lines::front(std::int64_t line, std::size_t most) {
  return seats_.ring(line).first(most, [&](std::size_t n) {
    save_lines();
    return seats_.first(line, n);
  });
}

Flow* Lines::best(Seat& s, std::size_t most) {
  Flow* out = nullptr;
  for (bool counted : {false, true}) {
    if ((counted ? s.counted : s.flows - s.own - s.counted) == 0) continue;
    Flow* f = s.standing(counted).first(most, [&](std::size_t n) {
      save_lines();
      return flows_.first(s.id, counted, n);
    });
    if (f && (!out || f->head < out->head)) out = f;
  }
  return out;
}

}  // namespace penstock::sqlite
