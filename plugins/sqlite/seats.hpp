// Seats: a key's place in a line. See lines.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "front.hpp"
#include "numbers.hpp"

namespace penstock::sqlite {

struct Flow;
struct Statements;
class Use;

// Where a task stands in its flow: least first.
struct Head {
  std::int64_t rank = 0, n = 0;
  friend auto operator<=>(const Head&, const Head&) = default;
};

// What changes of a row of penstock_seat.
struct SeatRow {
  std::int64_t turn = 0;     // place in the ring; the key was not served since
  std::int64_t flows = 0;    // that stand here
  bool own = false;          // one of them is that without gates, whose tasks name the seat
  std::int64_t counted = 0;  // of the flows: those that a gate keeps room for
  std::int64_t away = 0;     // flows of the key that wait at gates; in the open line only
  friend bool operator==(const SeatRow&, const SeatRow&) = default;
};

// A row of penstock_seat. Without flows it has no place in the ring, and remembers `turn` only.
class Seat : public SeatRow {
 public:
  std::int64_t id = 0, line = 0;  // line: a queue's q; of a gate: -gate
  std::string key;

  bool needed() const noexcept { return flows > 0 || away > 0; }

  // Its flows with gates, those that are counted or the others.
  Front<Head, Flow>& standing(bool those_counted) {
    if (!standing_) standing_ = std::make_unique<std::array<Front<Head, Flow>, 2>>();
    return (*standing_)[those_counted];
  }

  std::optional<SeatRow> stored;  // the row as it is
  bool changed = false, there = false;

 private:
  std::unique_ptr<std::array<Front<Head, Flow>, 2>> standing_;
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

  static std::pair<std::int64_t, std::int64_t> places(std::int64_t line) noexcept;  // the range of the column

  void join(Seat&, std::int64_t turn);  // one more flow; `turn` goes for the first
  void leave(Seat&);                    // one less
  void turn(Seat&, std::int64_t turn);
  void touch(Seat&);  // it has changed
  void save();

 private:
  Seat& read(Use&);

  Statements& sql_;
  std::deque<Seat> seats_;
  std::unordered_map<std::int64_t, Seat*> by_id_;
  std::map<std::pair<std::int64_t, std::string>, Seat*, std::less<>> by_key_;
  std::map<std::int64_t, Front<Place, Seat>> rings_;
  std::vector<Seat*> changed_;
  Numbers numbers_;
};

}  // namespace penstock::sqlite
