// The load that the programs here have in common: a producer in the process of the judge, workers in processes
// of their own, and what is expected of both in memory that outlives each of them.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "torture/complaint.hpp"
#include "torture/epochs.hpp"
#include "torture/progress.hpp"
#include "torture/redis/place.hpp"
#include "torture/signal.hpp"

namespace penstock::torture {

inline constexpr int kLoadTasks = 1 << 17;
inline constexpr std::size_t kLoadQueues = 6;
inline constexpr Millis kLoadLease{1'500};

inline std::string load_queue(unsigned queue) { return "q" + std::to_string(queue); }

struct Load {
  // By number. Every handler notes the epoch under which it starts: no other may start under that one.
  struct Task {
    std::atomic<std::uint8_t> queue, sent, accepted, starts, ends;
    Epochs epochs;
  };

  RedisPlace place;
  Signal stop;
  Progress ends;
  std::array<Progress, kLoadQueues> ends_of;  // by queue
  std::atomic<int> next;
  std::atomic<std::uint64_t> starts, lost, started_twice, wrong_payloads;
  std::array<Task, kLoadTasks> tasks;
  Complaint complaint;

  Task& task(int number) { return tasks[static_cast<std::size_t>(number)]; }
};

// One worker process: runs until `stop`. Returns its exit status.
int be_load_worker(const std::string& load);

}  // namespace penstock::torture
