// Whose turn it is: the order in which the ready tasks of a queue that uses fair keys or gates are claimed.
//
// A *flow* is the ready tasks that have a fair key and a set of gates in common; the one without either
// is the plain flow, and all there is in most queues. A flow stands in one *line*: the open one of its
// queue, or that of one of its gates, where it waits for room. In a line every key has one *seat*, and a
// seat's flows stand there by their best tasks. A flow without gates always stands in the open line: its
// tasks name the seat, and it needs no row of its own.
//
// Seats take turns, the lowest `turn` first. The numbers come from one counter per queue, so a turn is also
// a point in time, and what lets a key in late puts it where it would be if it had been let in at once:
// its turn is that at which it was served last, its gates opened, or its flow began to wait, whichever
// came last. Hence no key is served twice while another one has a task that could be claimed.
//
// A gate lets no more flows into the open line than it has room for. It counts those that entered as the
// best of their seat, or were let out of its own line (`counted`); when their key is served and they are
// not, they lose that privilege, and the gate lets others out. A claim which meets a flow whose gate has
// no room after all (a limit was lowered, room was taken by a flow that was not counted) sends it there.
//
// Nothing here walks a queue or a line. Each call moves kMostMoved flows at the most from line to line; a
// gate with more to let out is due at once, and the next claim goes on with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "clock.hpp"
#include "flows.hpp"
#include "gates.hpp"
#include "ledger.hpp"
#include "seats.hpp"

namespace penstock::sqlite {

class Lines {
 public:
  static constexpr int kMostMoved = 1000;

  Lines(Statements& sql, const Clock& clock) : sql_(sql), clock_(clock), seats_(sql), flows_(sql), gates_(sql, clock) {}

  // Where ready tasks of the flow `name` (traits.hpp) stand; `lane` is for their rows. Asking changes nothing.
  struct Place {
    std::int64_t lane = 0;
    Seat* seat = nullptr;
    Flow* flow = nullptr;
  };
  Place place(QueueRow&, std::string_view name);
  // Keep the count of ready tasks, too. All of them: after the task's row was written.
  void came(QueueRow&, const Place&, Head);        // a task is ready there
  void came_plain(QueueRow&, std::int64_t tasks);  // so many are, in the plain flow
  void went(QueueRow&, std::int64_t lane);         // one is ready no more, though nobody has claimed it

  // The flow to claim from. `stopped` and no lane: there may be one, but this call has done enough.
  struct Turn {
    std::int64_t lane = 0;
    Seat* seat = nullptr;
    Flow* flow = nullptr;
    bool alone = false;                              // it has all turns
    std::size_t peers = 1;                           // seats that take turns, as far as `want` goes
    std::int64_t room = kNoLimit, ahead = kNoLimit;  // of its gates, the queue's own included; see Exchange::ahead
    bool stopped = false;
  };
  Turn next(QueueRow&, std::uint32_t want);
  // So many of its tasks were leased; `next` is the best that is left there, or, of a flow without gates, any.
  void served(QueueRow&, const Turn&, std::int64_t tasks, std::optional<Head> next);
  std::optional<Head> head(std::int64_t lane);

  // Tasks of the flow are leased no more. True when somebody may have waited for that.
  bool give_back(QueueRow&, std::string_view flow, bool refund);

  void look(QueueRow&);  // lets out who can be by now, as time has passed
  bool claimable(QueueRow&);
  std::optional<std::int64_t> due(QueueRow&);  // when to look again, by the boot clock
  // What is set has changed for the gates from one name to another, which is not one of them any more.
  void limit_changed(QueueRow&, std::string_view from, std::string_view to);

  void begin() noexcept { moves_ = kMostMoved; }  // a call into the store
  void save();
  void flush() { save(), gates_.sweep(); }  // the last call

 private:
  // lines.cpp: flows and seats
  Seat& home(QueueRow&, std::string_view key);
  void tally(QueueRow&, Seat&);
  void sync_plain(QueueRow&);
  std::int64_t turn_for(const QueueRow&, const Seat&, std::int64_t turn);
  std::int64_t own_lane(const QueueRow&, const Seat&) const noexcept;
  Seat* front(std::int64_t line, std::size_t most);
  Flow* best(Seat&, std::size_t most);
  void save_lines();

  // passage.cpp: flows and gates
  const std::vector<Gate*>& gates(const QueueRow&, std::string_view flow);
  const std::vector<Gate*>& passes(const QueueRow&, Flow&);
  void enter(QueueRow&, Flow&, const Gate* out_of);
  void wait(QueueRow&, Flow&, Gate&);
  void send(QueueRow&, Flow&, Gate&);
  void leave(QueueRow&, Flow&);
  void restore(QueueRow&, Flow&);
  void let_in(QueueRow&, Flow&, std::int64_t turn, bool counted);
  void call_back(QueueRow&, std::string_view key, std::int64_t closed);
  void stand(QueueRow&, Seat&, Flow&, std::int64_t turn);
  void unstand(QueueRow&, Flow&);
  void move(Flow&, Head);
  bool best_of(QueueRow&, Seat&, Head);
  void regate(QueueRow&, Gate&);
  Seat& next_out(QueueRow&, const Gate&);
  void discount(QueueRow&, Seat&);
  void walk(QueueRow&);

  Statements& sql_;
  const Clock& clock_;
  Seats seats_;
  Flows flows_;
  GateBook gates_;
  int moves_ = kMostMoved;  // left to this call
  // What was asked for last.
  std::int64_t place_q_ = 0, gates_q_ = 0;
  std::string place_name_, gates_flow_;
  Place place_;
  std::vector<Gate*> gates_list_;
};

}  // namespace penstock::sqlite
