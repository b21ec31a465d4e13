// The contract of backend.hpp as the simplest program that keeps it: maps, linear scans, one thread,
// and the time handed in with every call. What a backend answers is compared with what this answers.
//
// Where the contract leaves a choice (which key goes first, which flow is let through a gate, which of two
// tasks that ended in the same millisecond is trimmed first, whether an old tombstone is forgotten), the
// model takes the choice seen as a hint and checks that it was open. It draws its own epochs and revisions.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "model/documents.hpp"
#include "model/gate_table.hpp"

namespace penstock::model {

// What an exchange of the backend answered, and what is to be said of that.
struct Answer {
  const std::vector<Leased>* leased = nullptr;  // the hint
  std::string objection;                        // the rule that a task claimed, or left, breaks
  std::optional<Millis> soonest;                // next_due may be this already, though nothing comes before the model's
};

// What a trim of the backend did: the ids of the queue that lost their content, or are not known any more.
struct Trimmed {
  std::set<TaskId> emptied, forgotten;
};

// By which clock the ages of ended tasks are counted: the contract leaves it to the store.
enum class Ages { wall, boot };

// Told of every rule of the contract that comes into play, in words, for the table of coverage.
using Observer = std::function<void(const std::string&)>;

class Model {
 public:
  explicit Model(const Properties& properties, Ages ages = Ages::wall, Observer observer = {})
      : properties_(properties), ages_(ages), observer_(std::move(observer)) {}

  Result<Exchanged> exchange(const Exchange&, Now, Answer* seen = nullptr);
  Result<std::vector<Admission>> enqueue(std::span<const NewTask>, const Guard*, Now);
  Result<std::vector<Item>> cancel(std::span<const TaskKey>, Now);
  std::vector<std::optional<Record>> get(std::span<const TaskKey>, Now) const;
  std::vector<Counts> counts() const;
  Result<std::uint64_t> trim(const Retention&, Now, const Trimmed& hint);

  std::vector<Document> documents() const { return documents_.list(); }
  Result<std::uint64_t> put(const Document&);

  std::vector<std::pair<TaskId, Record>> list(const Filter&, Now) const;  // all pages, one after the other
  static bool moves(State from, State to);                                // whether `move` knows the pair
  std::vector<Item> move(std::span<const TaskKey>, State from, State to, Millis delay, Now);

  Result<void> limit(const GateTable::Name&, Layer, const Limit*, Now);
  Result<void> hold(const GateTable::Name&, Millis at_most, Now);
  std::vector<GateState> gates(Now) const;  // `waiting`: as many as may be

 protected:  // the mutants reach in
  // `record.state` is the state as counted: a due task is scheduled until an exchange promotes it.
  struct Task {
    Record record;
    std::uint64_t arrival = 0;
    Millis keep = kKeepForever;
    Millis since{};  // the end, by the clock of ages
    Unique unique_while = Unique::live;
    bool holds = false;  // its unique key
  };
  struct Batch {
    Millis until{};
    std::vector<TaskId> tasks;  // in the order of the claim
    std::set<TaskId> taken;     // those that somebody else took away
  };
  struct Holder {  // of a unique key
    TaskId id;
    Time until = Time::min();  // unique_for
  };
  struct Turn {  // of a fair key
    std::uint64_t since = 0,
                  served = 0;  // when it came to have claimable tasks (0: it has none), and had its last turn
  };
  struct Queue {
    std::string name;
    bool used = false;  // holds or held tasks
    std::map<TaskId, Task> tasks;
    std::map<Epoch, Batch> batches;
    std::map<std::string, Holder, std::less<>> keys;
    std::map<std::string, Turn> turns;
    bool bound = false;  // a gate once kept some of its tasks back, or could have
  };
  struct Room {  // of a gate, for a task that is ready
    std::int64_t leased = 0;
    std::uint64_t ready = 0;
    std::optional<Millis> opens;  // see GateTable
    bool held = false;
    bool slot = true, open = true;  // open: a slot, a token, and no hold
    bool ahead = true;              // a slot for a task that is leased ahead
    bool free = true;               // no limit and no hold
  };
  using Rooms = std::map<std::string, Room>;  // the queue's own: ""
  using Entry = std::pair<const TaskId, Task>;

  void seen(const std::string& what) const {
    if (observer_) observer_(what);
  }
  Item on(const std::string& verb, const std::string& what, Item answer) const;
  Queue& queue(std::string_view name) const;
  template <class F>
  std::vector<Item> each(std::span<const TaskKey> keys, Now now, F what) {
    std::vector<Item> out;
    for (const TaskKey& key : keys) out.push_back(what(key));
    turn_all(now);
    return out;
  }
  static Task* find(Queue&, const TaskId&);
  bool supports(const NewTask&) const;
  bool valid(const NewTask&) const;
  bool valid(const Settlement&) const;

  static bool holds_key(Queue&, const Holder&, Now);
  Admission admit(const NewTask&, bool limited, Now);
  Item settle(const Settlement&, Now);
  Extended extend(const Held&, Millis until);

  void promote(Queue&, Now);
  std::uint32_t take(Queue&, std::uint32_t room, Epoch&, Exchange&, Now, Answer*, Exchanged&);
  void lease(Queue&, Entry&, Epoch&, Exchange&, Now, Exchanged&);
  std::optional<Millis> next_due(const Exchange&, Now, std::optional<Millis>& soonest) const;

  static std::vector<std::string> gates_of(const Record&);
  bool shut(const Queue&, Now) const;
  Rooms rooms(const Queue&, Now) const;
  void turn(Queue&, Now);
  void turn_all(Now);
  void wait_anew(Now);
  std::string objection(Queue&, const Rooms&, const Task&);
  Entry* choose(Queue&, bool ahead, Now, Answer*, const Exchanged&);

  Item cancel(const TaskKey&, Now);
  Millis aging(Now now) const { return ages_ == Ages::wall ? now.wall.time_since_epoch() : now.boot; }
  Item move(const TaskKey&, State from, State to, Millis delay, Now);

  void wait(Task&, Millis delay, Now);
  void end(Task&, State, Millis keep, Now);
  static void bury(Task&);
  static bool holds(Queue&, Epoch, const TaskId&);
  static Record report(const Task&, Now);

  Properties properties_;
  Ages ages_;
  Observer observer_;
  mutable std::map<std::string, Queue, std::less<>> queues_;  // made when they are named
  Documents documents_;
  GateTable gates_;
  Epoch last_epoch_ = 0;
  std::uint64_t last_arrival_ = 0, last_turn_ = 0;
};

}  // namespace penstock::model
