// What happens to tasks, inside one write transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "bell.hpp"
#include "clock.hpp"
#include "connection.hpp"
#include "gate_setting.hpp"
#include "ledger.hpp"
#include "lines.hpp"
#include "statements.hpp"

namespace penstock::sqlite {

enum Flag : std::int64_t {
  kNothing = 0,
  kBegun = 1,
  kStop = 2,
  kGated = 4,       // passes gates
  kHolds = 8,       // its unique key
  kFirst = 16,      // ... until it is claimed for the first time
  kLargeBody = 64,  // from here on: content elsewhere. Statements compare with 4 and 64
  kLargeNote = 128,
  kNoted = kGated | kHolds,  // its end concerns others
};
inline constexpr std::size_t kLarge = 2048;  // bodies and notes above it do not live in the task row

// A row of penstock_task, without its content.
struct TaskRow {
  std::int64_t n = 0;
  TaskId id;
  std::int64_t q = 0;
  State state = State::ready;
  std::int64_t lane = 0, place = 0, rank = 0;
  Epoch epoch = 0;
  std::int64_t flags = 0, failures = 0, crashes = 0, enqueued = 0;
  std::optional<std::int64_t> until;
  std::int64_t size = 0, note_size = 0;
  std::string kind, traits;
};
TaskRow read_task(Use& use);

inline std::string_view view(const TaskId& id) noexcept {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}
inline TaskId task_id(std::string_view bytes) noexcept {
  TaskId id;
  bytes.copy(reinterpret_cast<char*>(id.bytes.data()), id.bytes.size());
  return id;
}
inline std::int64_t rank_of(std::int32_t priority, std::uint16_t weight) noexcept {
  return std::int64_t{priority} * 65536 + (65535 - weight);
}
inline std::int32_t priority_of(std::int64_t rank) noexcept { return static_cast<std::int32_t>(rank >> 16); }
inline std::uint16_t weight_of(std::int64_t rank) noexcept {
  return static_cast<std::uint16_t>(65535 - (rank & 0xffff));
}

// What a transaction knows when it is over. The next one may be told, if nobody has written in between.
struct Known {
  std::optional<std::string> gone_top;  // no tombstone has an id above this one; absent: not looked at
  Ledger::Rows queues;
};

// Each public method is one request. An Error it returns means that it has written nothing; what it
// throws undoes the whole transaction. `flush` must be the last call.
class Transaction {
 public:
  Transaction(Statements& sql, const Options& options, const Clock& clock, Bell& bell)
      : sql_(sql), options_(options), clock_(clock), bell_(bell), ledger_(sql, clock), lines_(sql, clock) {}

  Result<Exchanged> exchange(const Exchange&);
  Result<std::vector<Admission>> enqueue(std::span<const NewTask>, const Guard*);
  Result<std::vector<Item>> cancel(std::span<const TaskKey>);
  Result<std::vector<Item>> move(std::span<const TaskKey>, State from,
                                 Millis delay);  // to the one state that `from` may go to
  Result<std::uint64_t> trim(const Retention&);
  Result<std::uint64_t> put(std::string_view name, std::uint64_t revision, Bytes value);

  // Gates as penstock::Gates has them.
  Result<void> limit(std::string_view queue, std::string_view gate, Layer, const Limit*);
  Result<void> hold(std::string_view queue, std::string_view gate, Millis at_most);

  void flush() { lines_.flush(), ledger_.save(); }
  std::uint32_t calls() const noexcept { return calls_; }  // what the bell is to ring for, once committed
  Epoch epoch() const noexcept { return epoch_; }          // the last one drawn; 0: none
  void trust(Known known) { gone_top_ = std::move(known.gone_top), ledger_.trust(std::move(known.queues)); }
  Known take_known() { return {std::move(gone_top_), ledger_.take()}; }  // after flush

 private:
  struct Gone {
    Epoch epoch;
    State state;
  };
  struct Holder {  // of a unique key
    TaskId id;
    bool holds;          // else: it was the last to do so
    std::int64_t until;  // wall clock; the key is not free before, in any case
  };
  struct Taking;  // taking.hpp
  struct Supply;
  struct Candidate;

  // transaction.cpp: rows
  std::optional<TaskRow> find(const QueueRow&, const TaskId&);
  std::optional<TaskRow> find(std::int64_t n);
  std::optional<Gone> find_gone(const QueueRow&, const TaskId&);
  std::string content(const TaskRow&, bool note);
  void write_note(TaskRow&, Bytes note);
  void save(const TaskRow&, std::optional<std::int64_t> lane);
  void line_up(QueueRow&, TaskRow&, Millis delay);
  void end(QueueRow&, TaskRow&, State to, Millis keep);
  void unkeep(const QueueRow&, const TaskRow&);
  void bury(QueueRow&, const TaskRow&, std::int64_t ended);
  void tombstone(QueueRow&, const TaskId&, Epoch, State, std::int64_t ended);
  void unleased(QueueRow&, std::int64_t flags, std::string_view traits, bool refund = false);
  void withdraw(QueueRow&, TaskRow&, Millis keep);
  void left(QueueRow&, State, std::int64_t lane);
  Epoch next_epoch();
  int gone_table();
  void changed(Bell::Call call);
  [[noreturn]] void damaged(const char* how) const;

  // enqueue.cpp
  Admission add(const NewTask&, bool limited);
  std::optional<TaskRow> waiting(const QueueRow&, const TaskId&);
  Admission insert(QueueRow&, const NewTask&, std::int64_t unique_until);
  Admission present(const NewTask&, const TaskRow&);

  // keys.cpp
  std::optional<Holder> holder(const QueueRow&, std::string_view key);
  void take_key(const QueueRow&, TaskRow&);
  void drop_key(const QueueRow&, const TaskId&, std::string_view traits);
  void drop_key(const QueueRow&, TaskRow&);
  void sweep_keys(const QueueRow&);

  // settle.cpp
  bool finish(QueueRow&, const Settlement&);
  Item settle(const Settlement&);
  Item accept(QueueRow&, TaskRow&, const Settlement&);
  void less(Epoch epoch);
  void save_leases();

  // claim.cpp
  Extended extend(const Held&, Millis lease);
  void promote(QueueRow&);
  void take(Taking&, std::uint32_t want, Exchanged&);
  void take_lapsed(Taking&, std::uint32_t& want, Exchanged&);
  void claim(const Exchange&, Exchanged&);
  void promote_keyed(QueueRow&, std::int64_t most);
  std::optional<Millis> next_due(QueueRow&);

  // serve.cpp
  void take_ready(Taking&, std::uint32_t want, Exchanged&);
  static Candidate read_candidate(const Use&);
  void fetch_round(Taking&, const Lines::Turn&, std::uint32_t want);
  void fetch(std::int64_t lane, std::uint32_t most, Supply&);
  Supply& supply_for(Taking&, const Lines::Turn&, std::int64_t want, Supply& once);
  void lease(Taking&, Candidate&, Exchanged&);
  std::optional<Head> next_head(std::int64_t lane, const Supply&);

  // limits.cpp
  void set(std::string_view queue, std::string_view gate, const GateSetting&);
  void adopt(QueueRow&, std::string_view gate);

  // operate.cpp
  Item cancel(const TaskKey&);
  Item move(const TaskKey&, State from, Millis delay, Epoch& epoch);
  void replay(QueueRow&, TaskRow&, Epoch, Millis delay);
  void take_away(QueueRow&, TaskRow&, Epoch);

  // retain.cpp
  std::vector<std::int64_t> over(QueueRow&, const Retention&);
  void forget(QueueRow&);

  Statements& sql_;
  const Options& options_;
  const Clock& clock_;
  Bell& bell_;
  Ledger ledger_;
  Lines lines_;
  std::uint32_t calls_ = 0;
  Epoch epoch_ = 0;
  std::optional<int> gone_table_;
  std::optional<std::string> gone_top_;                  // see Known
  std::vector<std::pair<Epoch, std::int64_t>> settled_;  // by lease, of the request at hand
};

// Lease rows hold the numbers of their tasks, 8 octets each, little-endian.
std::string pack(std::span<const std::int64_t> tasks);
std::vector<std::int64_t> unpack(std::string_view blob);

}  // namespace penstock::sqlite
