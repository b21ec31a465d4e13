// What is certain about a race of workers, in memory that all of them share and that outlives a kill.
//
// A task counts as held from after its claim was answered until before its settlement is sent: so whoever
// counts here holds it in the store as well, and what is one too many here is one too many there. The
// opposite is not so: a worker may be killed between an answer and its mark, and nothing is missed by that
// but a chance to see a fault.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <pthread.h>
#include <string>

#include <penstock/plugin/backend.hpp>
#include <penstock/plugin/time.hpp>

namespace penstock::torture {

inline constexpr int kRaceTasks = 512;  // the most of one race

// The gates of the race. The last is the queue's own.
enum class RaceGate : std::uint8_t { one, three, of_class_1, of_class_2, moving, held, rated, own };
inline constexpr int kRaceGates = 8;

// What follows from a task's number.
bool passes(int task, RaceGate);
int unique_key(int task);  // 0: none

// A clock that all workers share, moved by any of them.
class SharedTime final : public TimeSource {
 public:
  Time wall() noexcept override { return Time(Millis(1'700'000'000'000 + boot_.load())); }
  Millis boot() noexcept override { return Millis(boot_.load()); }
  void advance(Millis by) noexcept { boot_ += by.count(); }

 private:
  std::atomic<std::int64_t> boot_{1'000'000};
};

class RaceTable {
 public:
  static RaceTable* make();  // in memory shared with what is forked off; never given back
  ~RaceTable() = delete;
  void start();  // a new race

  // Returns when so many have called it. Before that nobody may be killed.
  void gather(int all);

  // ---- gates. `limit` of those that nobody changes; negative: none
  void fix(RaceGate, std::int64_t limit);
  // A change of a gate's limit (a hold is 0): false when another one is under way. done() follows.
  bool change(RaceGate, std::int64_t limit);
  void done(RaceGate);

  // ---- tasks
  int next_task();  // a number nobody has, negative: there are enough
  void let_in(int task);
  struct Sight {  // what was certain before an exchange was sent
    Millis at{};
    std::array<std::uint64_t, kRaceTasks> held{};  // the epochs
    std::array<std::uint64_t, kRaceGates> version{};
  };
  Sight look();
  void claimed(int task, const Leased&, Millis lease, const Sight&);
  void extended(int task, Epoch, Millis lease, const Sight&);
  bool letting_go(int task, Epoch, bool ends);  // before its settlement is sent
  void settled(int task, Epoch, Item, bool ends, Millis valid_until);

  SharedTime& time() { return time_; }
  Millis began() const { return Millis(began_.load()); }
  bool failed() const { return failed_; }
  void fail(const std::string& what);
  const char* message() const { return message_; }
  struct Tally {
    std::atomic<std::uint64_t> claims{0}, takeovers{0}, ends{0}, retries{0}, changes{0}, full{0}, conflicts{0};
  };
  Tally& tally() { return tally_; }
  int sent() const { return next_; }
  bool in(int task) const { return tasks_[static_cast<std::size_t>(task)].in; }
  std::uint64_t rated_claims() const { return rated_; }

 private:
  struct Task {
    std::atomic<std::uint64_t> epoch{0};
    std::atomic<std::int64_t> valid_until{0};  // boot time before which its lease cannot have lapsed
    std::atomic<bool> held{false}, in{false}, has_key{false}, ended{false};
  };
  struct Gate {
    std::atomic<std::int64_t> limit{-1}, next{-1};
    std::atomic<std::uint64_t> version{0};  // odd: a change is under way
    std::atomic<bool> fixed{false};
  };
  class Lock;

  RaceTable();
  void check_gate(RaceGate, int task, const Sight&);
  Task& of(int task) { return tasks_[static_cast<std::size_t>(task)]; }
  Gate& of(RaceGate g) { return gates_[static_cast<std::size_t>(g)]; }

  pthread_mutex_t mutex_;
  SharedTime time_;
  std::array<Task, kRaceTasks> tasks_;
  std::array<Gate, kRaceGates> gates_;
  std::atomic<std::int64_t> began_{0};
  std::atomic<int> next_{0}, gathered_{0};
  std::atomic<std::uint64_t> rated_{0};
  Tally tally_;
  std::atomic<bool> failed_{false};
  char message_[400] = {};
};

}  // namespace penstock::torture
