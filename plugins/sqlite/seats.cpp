#include "seats.hpp"

#include "statements.hpp"

namespace penstock::sqlite {

Seat& Seats::read(Use& use) {
  const std::int64_t id = use.integer(0);
  if (auto known = by_id_.find(id); known != by_id_.end()) return *known->second;
  Seat& s = seats_.emplace_back();
  s.id = id;
  s.line = use.integer(1);
  s.turn = use.integer(2);
  s.flows = use.integer(3);
  s.own = use.integer(4) != 0;
  s.counted = use.integer(5);
  s.away = use.integer(6);
  s.key = use.bytes(7);
  s.stored = s.there = true;
  by_id_.emplace(id, &s);
  return s;
}

Seat& Seats::at(std::int64_t line, std::string_view key) {
  std::pair name(line, std::string(key));
  if (auto known = by_key_.find(name); known != by_key_.end()) return *known->second;
  Use use(sql_.flow().seat_find, line, key);
  if (use.next()) return *(by_key_[std::move(name)] = &read(use));
  if (last_ == 0) last_ = FlowStatements::highest(sql_.flow().seat_last);
  Seat& s = seats_.emplace_back();
  s.id = ++last_;
  s.line = line;
  s.key = key;
  by_id_.emplace(s.id, &s);
  by_key_.emplace(std::move(name), &s);
  return s;
}

Seat& Seats::get(std::int64_t id) {
  if (auto known = by_id_.find(id); known != by_id_.end()) return *known->second;
  Use use(sql_.flow().seat_get, id);
  if (!use.next()) throw Failure(Error{Errc::data_regression, "a line lacks seat " + std::to_string(id)}, 0);
  return read(use);
}

std::vector<std::pair<Seats::Place, Seat*>> Seats::first(std::int64_t line, std::size_t most) {
  std::vector<std::pair<Place, Seat*>> out;
  Use use(sql_.flow().seat_first, line, most);
  while (use.next()) {
    Seat& s = read(use);
    out.emplace_back(Place(s.turn, s.id), &s);
  }
  return out;
}

void Seats::join(Seat& s, std::int64_t turn) {
  if (s.flows++ == 0) {
    s.turn = turn;
    ring(s.line).add({s.turn, s.id}, s);
  }
  touch(s);
}

void Seats::leave(Seat& s) {
  if (--s.flows == 0) ring(s.line).remove({s.turn, s.id});
  touch(s);
}

void Seats::turn(Seat& s, std::int64_t turn) {
  if (s.flows > 0) ring(s.line).remove({s.turn, s.id});
  s.turn = turn;
  if (s.flows > 0) ring(s.line).add({s.turn, s.id}, s);
  touch(s);
}

void Seats::touch(Seat& s) {
  if (!s.changed) changed_.push_back(&s);
  s.changed = true;
}

void Seats::save() {
  for (Seat* s : changed_) {
    if (!s->needed()) {
      if (s->stored) run(sql_.flow().seat_delete, s->id);
    } else if (s->stored) {
      run(sql_.flow().seat_save, s->id, s->turn, s->flows, s->own, s->counted, s->away);
    } else {
      run(sql_.flow().seat_add, s->id, s->line, s->turn, s->flows, s->own, s->counted, s->away, s->key);
    }
    s->stored = s->needed();
    s->changed = false;
  }
  changed_.clear();
}

}  // namespace penstock::sqlite
