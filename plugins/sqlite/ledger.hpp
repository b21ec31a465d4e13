// What a write transaction knows of the queues: loaded on first use, written back once.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include <penstock/plugin/backend.hpp>

#include "statements.hpp"

namespace penstock::sqlite {

struct QueueRow {
  std::int64_t q = 0;
  std::array<std::int64_t, 2> gone{};   // the newest end among its tombstones in each of the two tables
  std::int64_t trimmed = 0;             // tombstones that ended before this may be forgotten
  std::array<std::int64_t, 3> bytes{};  // of succeeded, dead, cancelled
  std::array<std::int64_t, kStates> by_state{};
  std::int64_t noted = 0;  // leased tasks whose end concerns others: they hold a unique key
  bool changed = false, flow_changed = false;

  std::int64_t line(State s) const noexcept { return 8 * q + static_cast<int>(s); }
  void count(State s, std::int64_t by) noexcept { by_state[static_cast<std::size_t>(s)] += by, changed = true; }
  std::int64_t counted(State s) const noexcept { return by_state[static_cast<std::size_t>(s)]; }
  // One more ended record of that many octets, or one less.
  void keep(State s, std::int64_t octets, int by) noexcept {
    count(s, by);
    bytes_of(s) += by * octets;
  }
  std::int64_t& bytes_of(State s) noexcept {
    return bytes[static_cast<std::size_t>(s) - static_cast<std::size_t>(State::succeeded)];
  }
  std::int64_t waiting() const noexcept {
    return counted(State::held) + counted(State::scheduled) + counted(State::ready);
  }
};

class Ledger {
 public:
  explicit Ledger(Statements& sql) : sql_(sql) {}
  QueueRow* find(std::string_view name);  // null when there is no such queue
  QueueRow& make(std::string_view name);
  void save();
  void forget() { queues_.clear(), last_ = nullptr; }  // after save, when rows change behind its back

 private:
  Statements& sql_;
  std::map<std::string, QueueRow, std::less<>> queues_;
  std::pair<const std::string, QueueRow>* last_ = nullptr;
};

}  // namespace penstock::sqlite
