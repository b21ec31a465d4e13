// Seats: a key's place in a line. See lines.hpp.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "front.hpp"

namespace penstock::sqlite {

struct Flow;
struct Statements;
class Use;

// Where a task stands in its flow: least first.
struct Head {
  std::int64_t rank = 0, n = 0;
  friend auto operator<=>(const Head&, const Head&) = default;
};

// A row of penstock_seat. Without flows it has no place in the ring, and remembers `turn` only.
struct Seat {
  std::int64_t id = 0, line = 0;  // line: a queue's q; of a gate: -gate
  std::string key;
  std::int64_t turn = 0;     // place in the ring; the key was not served since
  std::int64_t flows = 0;    // that stand here
  bool own = false;          // one of them is that without gates, whose tasks name the seat
  std::int64_t counted = 0;  // of the flows: those that a gate keeps room for
  std::int64_t away = 0;     // flows of the key that wait at gates; in the open line only

  bool needed() const noexcept { return flows > 0 || away > 0; }

  Front<Head, Flow> standing[2];  // flows with gates: not counted, counted
  bool stored = false, changed = false, there = false;
};

// The seats that a transaction deals with: loaded when first needed, written back once.
class Seats {
 public:
  using Place = std::pair<std::int64_t, std::int64_t>;  // turn, seat
  explicit Seats(Statements& sql) : sql_(sql) {}

  Seat& at(std::int64_t line, std::string_view key);  // as it is, or as it would be: with nothing at it
  Seat& get(std::int64_t id);
  Front<Place, Seat>& ring(std::int64_t line) { return rings_[line]; }
  std::vector<std::pair<Place, Seat*>> first(std::int64_t line, std::size_t most);  // of the ring, as written

  void join(Seat&, std::int64_t turn);  // one more flow; `turn` goes for the first
  void leave(Seat&);                    // one less
  void turn(Seat&, std::int64_t turn);
  void touch(Seat&);  // to be written
  void save();

 private:
  Seat& read(Use&);

  Statements& sql_;
  std::deque<Seat> seats_;
  std::unordered_map<std::int64_t, Seat*> by_id_;
  std::map<std::pair<std::int64_t, std::string>, Seat*, std::less<>> by_key_;
  std::map<std::int64_t, Front<Place, Seat>> rings_;
  std::vector<Seat*> changed_;
  std::int64_t last_ = 0;  // the highest id, once known
};

}  // namespace penstock::sqlite
