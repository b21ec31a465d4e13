// Clients of one store that note what they do and are told: each has a thread and a store object of its own choice.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "torture/history.hpp"
#include "torture/tasks.hpp"

namespace penstock::torture {

struct HistoryPlan {
  std::uint32_t clients = 8;
  std::uint64_t acts = 20'000;  // of all clients together, about
  std::uint64_t seed = 1;
};

struct HistoryTally {
  std::uint64_t histories = 0, acts = 0, unanswered = 0, refused = 0, lapsed = 0, forgotten = 0;
};

// What all clients share.
class Recorder {
 public:
  Recorder(HistoryPlan plan, testing::ManualTime& time) : plan_(plan), time_(time) {}

  // `stores`: of client i is stores[i % size]. Returns when the plan is done and nothing is left in the stores.
  // Throws Violation when they answer what no client can go on with.
  History run(const std::vector<DurableBackend*>& stores, HistoryTally&);

 private:
  friend class Client;
  std::uint64_t now() { return ++clock_; }
  void read(DurableBackend&, History&) const;

  const HistoryPlan plan_;
  testing::ManualTime& time_;
  std::atomic<std::uint64_t> clock_{0};
  std::atomic<int> next_{1};
  std::vector<Act> acts_;
};

}  // namespace penstock::torture
