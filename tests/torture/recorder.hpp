// Clients of one store that note what they do and are told: each has a thread and a store object of its own choice.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <vector>

#include "torture/history.hpp"
#include "torture/tasks.hpp"

namespace penstock::torture {

struct HistoryPlan {
  std::uint32_t clients = 8;
  std::uint64_t acts = 20'000;  // of all clients together, about
  std::uint64_t seed = 1;
  bool still = false;  // the stores' clock moves between calls only
};

struct HistoryTally {
  std::uint64_t histories = 0, acts = 0, unanswered = 0, refused = 0, lapsed = 0, forgotten = 0;
};

// What all clients share.
class Recorder {
 public:
  Recorder(HistoryPlan plan, testing::ManualTime& time)
      : plan_(plan), time_(time), wall_(time.wall()), boot_(time.boot()) {}

  // `stores`: of client i is stores[i % size]. Returns when the plan is done and nothing is left in the stores.
  // Throws Violation when they answer what no client can go on with.
  History run(const std::vector<DurableBackend*>& stores, HistoryTally&);

 private:
  friend class Client;
  std::uint64_t now() { return ++clock_; }
  void advance(Millis by) {
    std::unique_lock lock(moving_, std::defer_lock);
    if (plan_.still) lock.lock();
    time_.advance(by);
  }
  // The time that has passed for the stores. Its two clocks are moved one after the other.
  Millis at_least() const { return std::min<Millis>(time_.wall() - wall_, time_.boot() - boot_); }
  Millis at_most() const { return std::max<Millis>(time_.wall() - wall_, time_.boot() - boot_); }
  void read(DurableBackend&, History&) const;

  const HistoryPlan plan_;
  testing::ManualTime& time_;
  std::shared_mutex moving_;  // shared: by those who make a call
  const Time wall_;
  const Millis boot_;
  std::atomic<std::uint64_t> clock_{0};
  std::atomic<int> next_{1};
  std::vector<Act> acts_;
};

}  // namespace penstock::torture
