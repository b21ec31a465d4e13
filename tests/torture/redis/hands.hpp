// Producers and workers on two ways to a store, as seen from outside: each remembers what it was answered, and sends
// again what was not.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "torture/progress.hpp"
#include "torture/redis/answered.hpp"
#include "torture/redis/chain.hpp"
#include "torture/redis/crew.hpp"
#include "torture/redis/place.hpp"

namespace penstock::torture {

// Thread: one.
class Hands {
 public:
  using Clock = Progress::Clock;
  static constexpr std::uint32_t kProducers = 2, kWorkers = 2;  // on each way

  Hands(const std::array<RedisPlace, Chain::kWays>&, Answered&, std::uint64_t seed);
  Hands(const Hands&) = delete;
  Hands& operator=(const Hands&) = delete;
  ~Hands();

  // Counts of calls by one way: those that were carried out, those that were not; of these, such of unknown outcome,
  // and such that were refused because there is no replica.
  struct Way {
    Progress well, failed, unknown, refused;
    std::atomic<std::uint32_t> cuts{0};  // odd: it is cut off
  };
  const Way& way(std::size_t i) const { return ways_[i]; }
  const Progress& put() const { return put_; }  // enqueues that have come back, whatever they were answered
  // The server at its end is cut off: nothing that is new to it may be answered `ok`.
  void cut_off(std::size_t i) { ++ways_[i].cuts; }
  void cut_off_no_more(std::size_t i) { ++ways_[i].cuts; }

  // Waits for so many more of them, or for tasks to end. Throw Violation when that takes too long, or when a hand has
  // found a broken promise.
  void await(const Progress&, std::uint32_t more, const char* what);
  void work(std::uint32_t more) { await(answered_.ends(), more, "tasks end"); }
  void go_on(Lateness&);

  // From now on some tasks are for a queue of which no server has heard.
  void name_another_queue() { ++names_; }
  // No more is put in, and all that was sent ends. Throws Violation.
  void finish();

 private:
  struct Batch {
    std::vector<int> tasks;
    std::string queue;
  };
  template <class Body>
  void run(Body body);
  void produce(Way&, DurableBackend&, std::mt19937_64 random);
  std::optional<Batch> choose(std::vector<Batch>& open, bool enough, std::mt19937_64& random);
  bool put(Way&, DurableBackend&, const Batch&);
  void serve(Way&, DurableBackend&);
  bool exchange(Way&, DurableBackend&, std::vector<Leased>& held);
  // Whether there was an answer. One that there will never be is a fault of the product.
  bool answered(Way&, const Error*);
  bool sees_an_end(std::chrono::milliseconds within) const;
  void check();
  [[noreturn]] void stuck(const std::string& what);

  Answered& answered_;
  testing::TestHost host_;
  std::array<Way, Chain::kWays> ways_;
  Progress put_;
  std::vector<std::unique_ptr<DurableBackend>> stores_;
  std::atomic<bool> producing_{true}, running_{true}, failed_{false};
  std::atomic<unsigned> names_{0};
  mutable std::mutex mutex_;  // of what is below
  std::optional<Violation> wrong_;
  std::string complaint_;
  std::vector<std::thread> threads_;
};

}  // namespace penstock::torture
