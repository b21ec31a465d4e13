// The contract of backend.hpp as the simplest program that keeps it: maps, linear scans, one thread,
// and the time handed in with every call. What a backend answers is compared with what this answers.
//
// Where the contract leaves a choice (which of two tasks that ended in the same millisecond is
// trimmed first, whether an old tombstone is forgotten), the model takes the choice seen as a hint
// and checks that it was open. It draws its own epochs and revisions.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <penstock/plugin/backend.hpp>

namespace penstock::model {

struct Now {
  Time wall;
  Millis boot;
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

  Result<Exchanged> exchange(const Exchange&, Now);
  Result<std::vector<Admission>> enqueue(std::span<const NewTask>, const Guard*, Now);
  Result<std::vector<Item>> cancel(std::span<const TaskKey>, Now);
  std::vector<std::optional<Record>> get(std::span<const TaskKey>, Now) const;
  std::vector<Counts> counts() const;
  Result<std::uint64_t> trim(const Retention&, Now, const Trimmed& hint);

  std::vector<Document> documents() const;
  Result<std::uint64_t> put(const Document&);

  std::vector<std::pair<TaskId, Record>> list(const Filter&, Now) const;  // all pages, one after the other
  static bool moves(State from, State to);                                // whether `move` knows the pair
  std::vector<Item> move(std::span<const TaskKey>, State from, State to, Millis delay, Now);

 private:
  // `record.state` is the state as counted: a due task is scheduled until an exchange promotes it.
  struct Task {
    Record record;
    std::uint64_t arrival = 0;
    Millis keep = kKeepForever;
    Millis since{};  // the end, by the clock of ages
  };
  struct Batch {
    Millis until{};
    std::vector<TaskId> tasks;  // in the order of the claim
    std::set<TaskId> taken;     // those that somebody else took away
  };
  struct Queue {
    std::map<TaskId, Task> tasks;
    std::map<Epoch, Batch> batches;
  };
  using Entry = std::pair<const TaskId, Task>;

  void seen(const std::string& what) const {
    if (observer_) observer_(what);
  }
  Task* find(const TaskKey&);
  bool supports(const NewTask&) const;
  bool valid(const NewTask&) const;
  bool valid(const Settlement&) const;

  Item admit(const NewTask&, bool limited, Now);
  Item settle(const Settlement&, Now);
  Extended extend(const Held&, Millis until);
  void promote(Queue&, Now);
  std::uint32_t take(const std::string& name, std::uint32_t room, Epoch&, const Exchange&, Now, Exchanged&);
  void lease(Queue&, const std::string& name, Entry&, Epoch, const Exchange&, Now, Exchanged&);
  std::optional<Millis> next_due(const Exchange&, bool full, Now) const;
  Item cancel(const TaskKey&, Now);
  Millis aging(Now now) const { return ages_ == Ages::wall ? now.wall.time_since_epoch() : now.boot; }
  Item move(const TaskKey&, State from, State to, Millis delay, Now);

  void wait(Task&, Millis delay, Now);
  void end(Task&, State, Millis keep, Now);
  static void bury(Task&);
  static bool holds(const Queue&, Epoch, const TaskId&);
  static Record report(const Task&, Now);

  Properties properties_;
  Ages ages_;
  Observer observer_;
  std::map<std::string, Queue, std::less<>> queues_;  // those that hold or held tasks
  std::map<std::string, Document, std::less<>> documents_;
  Epoch last_epoch_ = 0;
  std::uint64_t last_arrival_ = 0;
};

}  // namespace penstock::model
