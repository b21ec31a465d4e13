// A line of flows: their keys take turns, and each key sends its best flow.
//
// The open line of a queue and the line behind each gate are of this sort. A key's place in it is a number
// of one counter per queue, the lowest first: so a place is a point in time, too, and whoever is let in late
// can be given the place it would have by now.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "heap.hpp"

namespace penstock::memory {

struct Flow;
struct Gate;
struct Seat;
class Line;

// A fair key in use.
struct Key {
  std::uint64_t flows = 0;
  std::uint64_t turn = 0;   // the last one it had
  std::vector<Flow*> away;  // flows of it that wait at gates
};

// Where a task stands in its flow: least first.
struct Place {
  std::uint64_t rank = 0, arrival = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

// The tasks of a queue that share fair key and gates. Lives while a record is of it.
struct Flow {
  std::string_view name;  // its spelling; see Flows
  std::string fair;
  std::vector<Gate*> gates;
  Key* key = nullptr;
  Heap ready;               // by rank and arrival
  std::uint64_t count = 0;  // ready tasks
  std::uint64_t users = 0;  // records, in any state
  Line* line = nullptr;     // where it stands; null: it has no ready task, or is a stray
  Seat* seat = nullptr;     // its key's there
  Place head;               // of its best task, as the line knows it
  std::uint64_t since = 0;  // it has waited for its turn since then
  std::size_t ticket = 0;   // see Line::tickets: 1 and its place there; 0: it has none
  std::size_t away = 0;     // its place in Key::away, while it waits at a gate
};

// A key's place in a line, and its flows that stand there. Most have one, which the seat holds by itself.
struct Seat {
  struct Standing {
    Place head;
    Flow* flow = nullptr;
    friend bool operator<(const Standing& a, const Standing& b) noexcept {
      return a.head != b.head ? a.head < b.head : a.flow < b.flow;
    }
  };
  Standing best;
  std::set<Standing> others;
  std::vector<Flow*> tickets;
  std::pair<std::uint64_t, std::uint64_t> place;  // and who came first, among those with the same one
};

class Line {
 public:
  bool empty() const noexcept { return seats_.empty(); }
  std::uint64_t flows() const noexcept { return flows_; }
  bool single() const noexcept { return flows_ == 1; }

  // The flow whose turn it is. Requires: not empty.
  Flow& front() const noexcept { return *order_.begin()->second->best.flow; }
  void prefetch() const noexcept;  // has the memory fetched which the turn after this one will need

  // The best flow of the key; null: none stands here.
  const Flow* best(const Key&) const noexcept;

  // Takes the flow in; its key gets the place, unless it stands here already.
  void join(Flow&, std::uint64_t place);
  void leave(Flow&) noexcept;
  std::uint64_t place(const Key&) const noexcept;  // 0: it does not stand here
  void place(const Key&, std::uint64_t) noexcept;  // does nothing when it does not
  // Tickets: flows of the open line that their gates have made room for. Room for a flow whose key is
  // served by others is room wasted, so they can be found by their key.
  void grant(Flow&);
  void revoke(Flow&) noexcept;
  Flow* ticket_holder(const Key&) const noexcept;  // any; null: none
  // The flow's best task is another one now.
  void move(Flow&, const Place& head) noexcept;
  // The same, and its key goes to the place, the last one in this line.
  void move_back(Flow&, const Place& head, std::uint64_t place) noexcept;

 private:
  std::unordered_map<const Key*, Seat> seats_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Seat*> order_;
  std::uint64_t flows_ = 0, came_ = 0;
};

}  // namespace penstock::memory
