// What is noted of each task under way, in memory that outlives killed workers. Its size is fixed: a slot is used again
// once its task has been judged, so a soak of hours takes no more than one of minutes.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "torture/signal.hpp"

namespace penstock::torture {

inline constexpr int kSlots = 1 << 14;

// What handlers and hooks note.
struct Slot {
  std::atomic<int> number;  // of its task; 0: free
  std::atomic<std::uint8_t> starts, ends, child_starts, follower_sent, follower_starts;
  std::array<std::atomic<std::uint64_t>, 6> epochs;  // under which it has started

  void clear(int next_number) {
    for (auto* count : {&starts, &ends, &child_starts, &follower_sent, &follower_starts}) *count = 0;
    for (auto& e : epochs) e = 0;
    number = next_number;
  }
  // False: it has started under that epoch before.
  bool start(std::uint64_t epoch) {
    ++starts;
    for (auto& slot : epochs) {
      std::uint64_t there = 0;
      if (slot.compare_exchange_strong(there, epoch)) return true;
      if (there == epoch) return false;
    }
    return true;  // more than are kept
  }
};

struct Ring {
  Signal stop;                           // for workers
  std::atomic<std::uint32_t> io_errors;  // so many of the next operations on files fail
  std::atomic<std::uint64_t> runs, late_runs, lost_leases, started_twice, wrong_payloads, local_runs;
  std::array<Slot, kSlots> slots;
  std::array<char, 500> complaint;

  Slot& slot(int number) { return slots[static_cast<std::size_t>(number % kSlots)]; }
  // Null: the task has been judged, and its slot is another's.
  Slot* find(int number) {
    Slot& s = slot(number);
    return s.number == number ? &s : nullptr;
  }
  void complain(const std::string& why) {
    complaint = {};
    why.copy(complaint.data(), complaint.size() - 1);
  }
};

}  // namespace penstock::torture
