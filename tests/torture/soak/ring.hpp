// What is noted of each task under way, in memory that outlives killed workers. Its size is fixed: a slot is used again
// once its task has been judged, so a soak of hours takes no more than one of minutes.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "torture/complaint.hpp"
#include "torture/epochs.hpp"
#include "torture/signal.hpp"

namespace penstock::torture {

inline constexpr int kSlots = 1 << 14;

// What handlers and hooks note.
struct Slot {
  std::atomic<int> number;  // of its task; 0: free
  std::atomic<std::uint8_t> starts, ends, child_starts, follower_sent, follower_starts;
  Epochs epochs;  // under which it has started

  void clear(int next_number) {
    for (auto* count : {&starts, &ends, &child_starts, &follower_sent, &follower_starts}) *count = 0;
    epochs.clear();
    number = next_number;
  }
};

struct Ring {
  Signal stop;                           // for workers
  std::atomic<std::uint32_t> io_errors;  // so many of the next operations on files fail
  std::atomic<std::uint64_t> runs, late_runs, lost_leases, started_twice, wrong_payloads, local_runs;
  std::array<Slot, kSlots> slots;
  Complaint complaint;

  Slot& slot(int number) { return slots[static_cast<std::size_t>(number % kSlots)]; }
  // Null: the task has been judged, and its slot is another's.
  Slot* find(int number) {
    Slot& s = slot(number);
    return s.number == number ? &s : nullptr;
  }
};

}  // namespace penstock::torture
