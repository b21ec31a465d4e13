// Puts the mixed load in at a steady rate, whatever happens to the store, looks around in it, and judges what becomes
// of each task.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <random>
#include <thread>

#include "torture/soak/census.hpp"

namespace penstock::torture {

// Thread: one; it has another of its own.
class Producer {
 public:
  using Clock = Census::Clock;

  // `tasks` and `ring` outlive it.
  Producer(TaskManager& tasks, Ring& ring, std::uint64_t rate, std::uint64_t seed);
  ~Producer();

  // Until then, or until something is wrong.
  void wait(Clock::time_point until);
  bool failed() const { return failed_; }
  // Puts in no more, and returns once all has ended. Throws Violation: whatever was found.
  void finish();
  const Census& census() const { return census_; }  // after finish()

 private:
  void run();
  void step();
  void look_around();
  void put_some();
  void put(Order);
  std::vector<Enqueued> enqueue(const Order&);
  bool check_in(const Order&, int number, const Enqueued&);  // false: there was no answer
  void cancel_some();
  bool over();

  TaskManager& tasks_;
  Ring& ring_;
  const std::uint64_t rate_;
  std::mt19937_64 random_;
  Census census_;
  Results results_;
  std::deque<Order> unanswered_;
  struct Whim {
    int number;
    TaskRef ref;
    Clock::time_point at;
  };
  std::deque<Whim> to_cancel_;
  std::uint64_t seconds_ = 0;

  std::atomic<bool> failed_{false};
  std::optional<Violation> wrong_;  // once it has failed
  std::mutex mutex_;                // of all below
  std::condition_variable changed_;
  bool finishing_ = false, quitting_ = false;

  std::thread thread_;
};

}  // namespace penstock::torture
