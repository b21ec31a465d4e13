// What is in the store: the rules of penstock/plugin/backend.hpp on plain maps, without files, locks or
// clocks. The same calls in the same order make the same state, in every process: that is what the log is for.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "bytes.hpp"

namespace filesystem {

using namespace penstock;

inline constexpr std::uint64_t kMaxBody = 1088 << 10;
inline constexpr std::uint32_t kMaxBatch = 256;
inline constexpr Millis kRemember{10'000};

// What the clocks of a caller's machine show.
struct Reading {
  Time wall{};          // may be set
  Millis boot{};        // since the machine's start; never jumps
  std::string machine;  // which machine, and which start of it
};

// The same for the store. `steady` is a clock of its own, for leases: it goes on as the machines' boot clocks
// do, from where the last call of any of them left it. So it never jumps, whatever people set, needs no
// machines that agree on the time, and stands while nobody calls.
struct Now {
  Time wall{};
  Millis steady{};
};

struct Task {
  std::string kind, body, note;
  std::int32_t priority = 0;
  std::uint16_t weight = 1;
  std::uint64_t arrival = 0;
  State state = State::ready;
  Time enqueued{}, due{}, ended{};
  Millis since{}, keep_until{};  // by the steady clock: ended, and kept so long
  std::uint64_t end = 0;         // the how manieth end of the store
  Epoch epoch = 0;
  std::uint32_t failures = 0, crashes = 0;
  bool begun = false, stop = false;

  std::uint64_t octets() const { return body.size() + note.size(); }
};

// All that is left of a task whose content is gone.
struct Tombstone {
  State state = State::succeeded;
  Epoch epoch = 0;
  Time ended{};
  Millis since{};
};

struct Lease {
  Millis until{};             // by the steady clock
  std::vector<TaskId> tasks;  // still held, in the order in which they were handed out
  std::vector<TaskId> taken;  // taken away meanwhile
};

class Queue {
 public:
  Admission admit(const NewTask&, const Now&, std::uint64_t& arrivals);
  Item settle(const Settlement&, const Now&, std::uint64_t& ends);
  Extended extend(Epoch, Millis until);
  Item cancel(const TaskId&, const Now&, std::uint64_t& ends);
  std::optional<Record> get(const TaskId&, const Now&) const;
  Counts counts(const std::string& name) const;
  std::vector<TaskId> to_trim(const Retention&, const Now&) const;
  bool forgets(const Now&) const;  // some tombstone is old enough
  std::uint64_t trim(const Retention&, const Now&);

  // What one exchange claims from all queues together.
  struct Claim {
    const Exchange& asked;
    Now now;
    std::uint32_t begin = 0;  // of asked.begin, what is left
    std::vector<Leased>& leased;
    Epoch& epochs;
    std::uint64_t& ends;
  };
  bool claimable(const Now&) const;  // a claim would change something here
  void promote(const Now&);
  void claim(const std::string& name, std::uint32_t most, Epoch& epoch, Claim&);
  std::optional<Millis> next_due(const Now&) const;

  void save(Writer&) const;
  void load(Reader&);

 private:
  using Rank = std::tuple<std::int32_t, int, std::uint64_t, TaskId>;  // priority, less weight, arrival
  static Rank rank(const TaskId& id, const Task& t) { return {t.priority, -int{t.weight}, t.arrival, id}; }

  void leave(const TaskId&, Task&);              // its state's index
  void enter(const TaskId&, Task&, State next);  // the next one's
  void wait(const TaskId&, Task&, Time due, const Now&);
  void end(const TaskId&, Task&, State, Millis keep, const Now&, std::uint64_t& ends);
  void bury(const TaskId&, State, Time ended, Millis since);
  void lease(const std::string& name, const TaskId&, Task&, Epoch& epoch, Claim&);
  void index(const TaskId&, Task&);

  std::map<TaskId, Task> tasks_;
  std::map<TaskId, Tombstone> gone_;
  std::set<Rank> ready_;
  std::set<std::pair<Time, Rank>> scheduled_;
  std::map<Epoch, Lease> leases_;
  std::array<std::set<std::pair<std::uint64_t, TaskId>>, kStates> ended_;  // by state: the oldest end first
  std::array<std::uint64_t, kStates> octets_{};                            // of these
};

// Why a call is refused as a whole, whatever is in the store.
std::optional<Error> wrong(const Exchange&);
std::optional<Error> wrong(std::span<const NewTask>, const Guard*);
std::optional<Error> wrong(std::span<const TaskKey>);
std::optional<Error> wrong(const Retention&);

class Store {
 public:
  // The clock goes on. Only for a call that all make, before it: answers that are not in the log move nothing.
  void tick(const Reading&);

  // Requires of all calls: nothing is wrong() with them.
  Exchanged exchange(const Exchange&, const Reading&);
  std::vector<Admission> enqueue(std::span<const NewTask>, const Reading&);
  std::vector<Item> cancel(std::span<const TaskKey>, const Reading&);
  std::uint64_t trim(const Retention&, const Reading&);
  std::vector<std::optional<Record>> get(std::span<const TaskKey>, const Reading&) const;
  std::vector<Counts> counts() const;

  // Whether the call changes anything; if not it may be answered without a word to the others.
  bool changes(const Exchange&, const Reading&) const;
  bool changes(const Retention&, const Reading&) const;

  std::string save() const;
  static Store load(std::string_view octets);

 private:
  Now at(const Reading&) const;

  std::map<std::string, Queue, std::less<>> queues_;
  Epoch epochs_ = 0;
  std::uint64_t arrivals_ = 0, ends_ = 0;
  std::map<std::string, Millis> ahead_;  // of each machine's boot clock, the steady one
  Millis steady_{};
};

}  // namespace filesystem
