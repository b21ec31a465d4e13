// Hands every ended task to everybody who subscribed.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <vector>

#include <penstock/results.hpp>

#include "base/guarded.hpp"

namespace penstock::impl {

// One bounded buffer. The hub pushes, the owner of a Results takes.
class Subscriber {
 public:
  Subscriber(std::size_t capacity, WhenFull when_full) : capacity_(capacity ? capacity : 1), when_full_(when_full) {}
  bool push(const TaskResult& result);  // false: a result was dropped, this one or the oldest
  std::optional<TaskResult> next(Millis at_most);
  void close();
  void refuse_to_wait();  // from here on `next` throws instead of waiting
  bool closed();
  std::uint64_t dropped();

 private:
  struct Buffer {
    std::deque<TaskResult> items;
    std::uint64_t dropped = 0;
    bool closed = false, refuses = false;
  };
  const std::size_t capacity_;
  const WhenFull when_full_;
  base::Guarded<Buffer> buffer_;
  std::condition_variable more_;
};

}  // namespace penstock::impl

namespace penstock::results {

// What is thrown where a call would wait for a manager that only the caller's own thread could drive.
Error would_wait();

class Hub {
 public:
  std::shared_ptr<impl::Subscriber> subscribe(std::size_t capacity, WhenFull when_full);
  // Whether anybody listens; cheap, so that nobody builds results for no one.
  bool wanted() const noexcept { return subscribers_.load(std::memory_order_relaxed) > 0; }
  void publish(const TaskResult& result);
  void close();           // every buffer: what is in it can still be taken
  void refuse_to_wait();  // every buffer, those to come too
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Members {
    std::vector<std::weak_ptr<impl::Subscriber>> list;
    bool closed = false, refuses = false;
  };
  base::Guarded<Members> members_;
  std::atomic<std::size_t> subscribers_{0};
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace penstock::results
