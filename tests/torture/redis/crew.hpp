// A producer and workers on one Redis, that go on whatever happens to it, and to them.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <thread>
#include <vector>

#include <penstock/penstock.hpp>

#include "torture/child.hpp"
#include "torture/folder.hpp"
#include "torture/redis/load.hpp"
#include "torture/shared.hpp"
#include "torture/verdict.hpp"

namespace penstock::torture {

struct CrewTally {
  std::uint64_t accepted = 0, runs = 0, again = 0, lost_leases = 0, repeated = 0, conflicts = 0;
  void print() const;
};

// How soon work went on after faults that were over.
class Lateness {
 public:
  // The promise. Later is counted; much later is a failure, and so is more often than once in a hundred times. That is
  // judged of many times only: a few of them on a slow machine say nothing about the store.
  static constexpr std::chrono::seconds kPromised{5}, kMost{20};
  static constexpr std::uint64_t kMany = 100;

  void add(Progress::Clock::duration);
  std::uint64_t late() const { return late_; }
  bool passes() const;  // says why not

 private:
  std::uint64_t times_ = 0, late_ = 0;
  Progress::Clock::duration longest_{};
};

// Thread: one.
class Crew {
 public:
  using Clock = Progress::Clock;
  static constexpr std::size_t kWorkers = 2;
  // How long without an end, when nothing is broken any more, counts as stuck.
  static constexpr std::chrono::seconds kStuck{60};

  // `place`: as producer and workers reach it; `direct`: as the judge does; `pace`: from one enqueue, of up to 16
  // tasks, to the next, at least.
  Crew(const Scratch&, const RedisPlace& place, const RedisPlace& direct, std::uint64_t seed,
       std::chrono::milliseconds pace = std::chrono::milliseconds(0));
  ~Crew();

  // Waits for that many more tasks to end, of one queue or of any. Throws Violation when that takes too long.
  void work(std::uint32_t more, std::optional<unsigned> queue = {});
  // The same, for the first after a fault that is over.
  void go_on(Lateness&, std::optional<unsigned> queue = {});
  void audit() const;  // while all work; throws Violation
  bool room() const;   // for more tasks in this crew's memory

  void kill_worker(std::size_t i);   // and starts another
  void pause_worker(std::size_t i);  // SIGSTOP
  void resume_worker(std::size_t i);

  // Puts in no more, waits until all has ended, stops the workers, and looks at what has become of each task.
  // Throws Violation.
  void finish(CrewTally&);

 private:
  void produce();
  void put_some();
  std::vector<Enqueued> put(std::span<const int> tasks, bool other_bodies);
  void put_again(int task);
  void check_in(int task, const Enqueued&);
  void wait_until_empty(DurableBackend&);
  [[noreturn]] void stuck(const std::string& what);
  void stop_workers();
  void count_up(DurableBackend&, CrewTally&);
  void judge(int task, const std::optional<Record>&, CrewTally&) const;
  std::uint32_t behind() const;

  const std::string path_;
  const Shared<Load> load_;
  const RedisPlace direct_;
  const std::chrono::milliseconds pace_;
  std::mt19937_64 random_;  // of the producer
  std::vector<Child> workers_;
  TaskManager producer_;
  std::atomic<bool> producing_{true};
  std::array<std::vector<int>, kLoadQueues> open_;  // sent, and not answered yet
  std::uint64_t repeated_ = 0, conflicts_ = 0;
  std::optional<Violation> wrong_;  // what the producer found, once it has failed
  std::atomic<bool> failed_{false};
  std::thread thread_;
};

}  // namespace penstock::torture
