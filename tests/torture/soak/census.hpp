// Every task that was accepted, until it has been seen to end as it must.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "torture/soak/mix.hpp"
#include "torture/soak/ring.hpp"
#include "torture/verdict.hpp"

namespace penstock::torture {

// How long the stores here remember ids that have ended, and for how long before that we rely on it: a slow machine may
// keep us from looking.
inline constexpr const char* kRemember = "20s";
inline constexpr std::chrono::seconds kRelied{10};

// Thread: one.
class Census {
 public:
  using Clock = std::chrono::steady_clock;
  // How long something due may stand still. No fault lasts as long.
  static constexpr std::chrono::seconds kStuck{60};

  explicit Census(Ring& ring) : ring_(ring), entries_(kSlots) {}

  std::optional<int> next();  // a number for a new task; absent while the slot of that one is taken
  void accept(int number, std::string_view queue, Clock::time_point due);
  void refuse(int number);
  bool knows(int number) const { return entries_[index(number)].number == number; }
  void was_waiting(int number) { entries_[index(number)].was_waiting = true; }  // a cancel has said so

  // Asks the store about all that is due. Throws Violation.
  void sweep(TaskManager&);
  std::size_t under_way() const { return under_way_; }

  std::uint64_t accepted = 0, refused = 0, runs_again = 0, unseen = 0;
  Clock::duration longest{};  // from when a task was due until it was seen to have ended

 private:
  struct Entry {
    int number = 0;
    std::string queue;
    bool accepted = false, was_waiting = false;
    Clock::time_point due, seen;
  };

  static std::size_t index(int number) { return static_cast<std::size_t>(number % kSlots); }
  void judge(Entry&, const std::optional<TaskInfo>&, Clock::time_point asked);
  void judge_absent(Entry&, Clock::time_point asked);
  void judge_end(Entry&, const TaskInfo&, Clock::time_point asked);
  void free(Entry&);

  Ring& ring_;
  std::vector<Entry> entries_;
  int last_ = 0;
  std::size_t under_way_ = 0;
  Clock::time_point answered_ = Clock::now();
};

}  // namespace penstock::torture
