// Tasks sent at a fixed low rate, and a worker that notes how long each took to reach its handler.
#pragma once

#include <utility>
#include <vector>

#include "bench/lib/child.hpp"
#include "bench/lib/clock.hpp"
#include "bench/lib/latency.hpp"
#include "bench/lib/tasks.hpp"

namespace penstock::bench {

// Tasks 0 to `count`, each stamped just before the call that enqueues it.
inline void produce(TaskManager& tasks, std::chrono::milliseconds period, std::size_t count) {
  Ticker ticker(period);
  for (std::size_t i = 0; i < count; ++i) {
    ticker.wait();
    Job job{.index = i};
    job.stamp = now_ns();
    tasks.enqueue(job);
  }
}

class Pickup {
 public:
  Pickup(Options options, std::size_t count) : us_(count), ran_(count), tasks_(TaskManager::open(std::move(options))) {
    tasks_.handle<Job>([this](const Job& job) {
      us_[job.index] = double(now_ns() - job.stamp) / 1e3;
      ran_.mark(job.index);
    });
    tasks_.add_hooks({.on_finish = [this](const TaskEvent&) { ran_.end(); }});
    tasks_.start();
  }
  TaskManager& tasks() { return tasks_; }
  Series finish() {
    ran_.wait();
    ran_.verify();
    verify_nothing_left(tasks_);
    tasks_.stop_graceful(Millis(10'000));
    return latency(us_);
  }

 private:
  std::vector<double> us_;
  Ran ran_;
  TaskManager tasks_;
};

// With the producer in the worker's process, or in one of its own. The store is there already, and empty.
inline Series pickup_here(const Options& options, std::chrono::milliseconds period, std::size_t count) {
  Pickup worker(options, count);
  produce(worker.tasks(), period, count);
  return worker.finish();
}
inline Series pickup_apart(const Options& options, std::chrono::milliseconds period, std::size_t count) {
  Child producer([&] {
    TaskManager tasks = TaskManager::open(options);
    produce(tasks, period, count);
    return Series{};
  });
  Pickup worker(options, count);
  Series out = worker.finish();
  producer.finish();
  return out;
}

}  // namespace penstock::bench
