// What a write transaction knows of the queues: loaded on first use, written back once.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "meter.hpp"
#include "statements.hpp"

namespace penstock::sqlite {

// What kind of line a lane is, beside those whose number is a state: lane % 8.
enum Lane : std::int64_t {
  kSeatLane = 0,   // ready tasks of a flow with a key and no gates; lane / 8: its seat
  kFlowLane = 3,   // ready tasks of a flow with gates; lane / 8: the flow
  kLaterLane = 7,  // scheduled tasks of other flows than the plain one; lane / 8: the queue
};

struct QueueRow {
  std::int64_t q = 0;
  std::array<std::int64_t, 2> gone{};   // the newest end among its tombstones in each of the two tables
  std::int64_t trimmed = 0;             // tombstones that ended before this may be forgotten
  std::array<std::int64_t, 3> bytes{};  // of succeeded, dead, cancelled
  std::array<std::int64_t, kStates> by_state{};

  // Flow control. The plain flow, of tasks without fair key and gates, has line(State::ready) to itself.
  std::string_view name;
  Meter own;                       // the queue's own gate
  std::int64_t keyed = 0;          // ready tasks of other flows
  std::int64_t later = 0;          // scheduled ones
  std::int64_t noted = 0;          // leased tasks whose end concerns others: they hold a unique key or pass gates
  std::int64_t turns = 0;          // the last turn given; see lines.hpp
  std::int64_t seats = 0;          // in the open line; none while the plain flow is alone there
  std::int64_t parked = 0;         // flows that wait at gates
  std::string walk_from, walk_to;  // gates for which something was set, to be looked at; walk_to empty: none
  // What is above has changed. A row may outlive its transaction, and only what is flagged is saved.
  bool changed = false, flow_changed = false;

  std::int64_t line(State s) const noexcept { return 8 * q + static_cast<int>(s); }
  std::int64_t later_line() const noexcept { return 8 * q + kLaterLane; }
  std::int64_t plain_ready() const noexcept { return counted(State::ready) - keyed; }
  void count(State s, std::int64_t by) noexcept { by_state[static_cast<std::size_t>(s)] += by, changed = true; }
  std::int64_t counted(State s) const noexcept { return by_state[static_cast<std::size_t>(s)]; }
  void schedule(std::int64_t by, bool is_keyed) noexcept {
    count(State::scheduled, by);
    if (is_keyed) later += by, flow_changed = true;
  }
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
  using Rows = std::map<std::string, QueueRow, std::less<>>;

  Ledger(Statements& sql, const Clock& clock) : sql_(sql), clock_(clock) {}
  void trust(Rows);                       // as the transaction before has left them
  Rows take();                            // after save; none, when they are too many to keep
  QueueRow* find(std::string_view name);  // null when there is no such queue
  QueueRow& make(std::string_view name);
  std::vector<std::string> names();
  void set(QueueRow&);  // takes over what is set for the queue's own gate
  void save();
  void forget() { queues_.clear(), last_ = nullptr; }  // after save, when rows change behind its back

 private:
  Statements& sql_;
  const Clock& clock_;
  Rows queues_;
  std::pair<const std::string, QueueRow>* last_ = nullptr;
};

}  // namespace penstock::sqlite
