// Many processes at once on one file, and what they know together.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "torture/complaint.hpp"

namespace penstock::torture {

inline constexpr int kCrowdTasks = 1 << 18;

struct Crowd {
  std::array<char, 200> folder{};
  bool kills = false;
  std::uint64_t milliseconds = 0;
  std::atomic<std::int64_t> clock;  // of the store, pushed on by all
  std::atomic<int> next;
  // What happened.
  std::atomic<std::uint64_t> calls, busy, duplicates, checkpoints, unlocked, blocking, stale, locks;
  struct Task {
    std::atomic<std::uint8_t> sent, accepted, ends;
    std::atomic<std::uint64_t> epoch;  // the highest seen
  };
  std::array<Task, kCrowdTasks> tasks;
  Complaint complaint;

  Task& task(int number) { return tasks[static_cast<std::size_t>(number)]; }
};

int be_one_of_the_crowd(const std::string& crowd, std::uint64_t seed);

}  // namespace penstock::torture
