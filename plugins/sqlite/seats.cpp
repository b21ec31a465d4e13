#include "seats.hpp"

#include "statements.hpp"

namespace penstock::sqlite {
namespace {

constexpr int kTurnBits = 44;
constexpr std::int64_t kLastTurn = (std::int64_t{1} << kTurnBits) - 1;
constexpr std::int64_t kLines = std::int64_t{1} << (62 - kTurnBits);

// Stands before line and key in their index, as comparing numbers is all that most look-ups have to do then.
std::uint32_t hash_of(std::int64_t line, std::string_view key) noexcept {
  auto hash = static_cast<std::uint64_t>(line) ^ 0xcbf29ce484222325;
  for (unsigned char octet : key) hash = (hash ^ octet) * 0x100000001b3;  // FNV-1a
  return static_cast<std::uint32_t>(hash ^ (hash >> 32));
}

// Line and turn in one number, as comparing numbers is all that the ring's index has to do then. Lines may
// share the upper bits; the lower ones last for years of turns without a pause.
std::int64_t place_of(std::int64_t line, std::int64_t turn) noexcept {
  return (line & (kLines - 1)) << kTurnBits | (turn & kLastTurn);
}

// Whether nothing but the turn has changed: then only the ring's index has to be written beside the row.
bool only_turn(SeatRow before, const SeatRow& now) noexcept {
  before.turn = now.turn;
  return before == now;
}

}  // namespace

Seat& Seats::read(Use& use) {
  const std::int64_t id = use.integer(0);
  if (auto known = by_id_.find(id); known != by_id_.end()) return *known->second;
  Seat& s = seats_.emplace_back();
  s.id = id;
  numbers_.seen(id);
  s.line = use.integer(1);
  s.turn = use.integer(2) & kLastTurn;
  s.flows = use.integer(3);
  s.own = use.integer(4) != 0;
  s.counted = use.integer(5);
  s.away = use.integer(6);
  s.key = use.bytes(7);
  s.stored = s;
  s.there = true;
  by_id_.emplace(id, &s);
  return s;
}

Seat& Seats::at(std::int64_t line, std::string_view key) {
  std::pair name(line, std::string(key));
  if (auto known = by_key_.find(name); known != by_key_.end()) return *known->second;
  Use use(sql_.flow().seat_find, line, key, hash_of(line, key));
  if (use.next()) return *(by_key_[std::move(name)] = &read(use));
  Seat& s = seats_.emplace_back();
  s.id = numbers_.next(sql_.flow().seat_last);
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
  const auto [from, to] = places(line);
  Use use(sql_.flow().seat_first, from, to, line, most);
  while (use.next()) {
    Seat& s = read(use);
    out.emplace_back(Place(s.turn, s.id), &s);
  }
  return out;
}

std::pair<std::int64_t, std::int64_t> Seats::places(std::int64_t line) noexcept {
  return {place_of(line, 0), place_of(line, kLastTurn)};
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
    s->changed = false;
    const std::optional<SeatRow> before = s->stored;
    s->stored = s->needed() ? std::optional<SeatRow>(*s) : std::nullopt;
    if (before == s->stored) continue;
    const std::int64_t place = place_of(s->line, s->turn);
    if (!s->stored) {
      run(sql_.flow().seat_delete, s->id);
    } else if (!before) {
      run(sql_.flow().seat_add, s->id, s->line, place, s->flows, s->own, s->counted, s->away, hash_of(s->line, s->key),
          s->key);
    } else if (only_turn(*before, *s)) {
      run(sql_.flow().seat_turn, s->id, place);
    } else {
      run(sql_.flow().seat_save, s->id, place, s->flows, s->own, s->counted, s->away);
    }
  }
  changed_.clear();
}

}  // namespace penstock::sqlite
