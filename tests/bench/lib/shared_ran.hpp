// Which of a measurement's tasks ran, where the workers are processes of their own: they inherit it.
#pragma once

#include <atomic>
#include <cstdint>
#include <new>
#include <string>
#include <sys/mman.h>

#include "bench/lib/clock.hpp"
#include "bench/lib/semaphore.hpp"

namespace penstock::bench {

// Thread: any, in any process that has inherited it, but for `wait` and `verify`.
class SharedRan {
 public:
  explicit SharedRan(std::size_t tasks) : tasks_(tasks) {
    void* at = mmap(nullptr, octets(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc();
    head_ = new (at) Head{static_cast<std::int64_t>(tasks), 0};
    times_ = reinterpret_cast<std::atomic<std::uint8_t>*>(head_ + 1);  // zeros, as the system gives them
  }
  SharedRan(const SharedRan&) = delete;
  SharedRan& operator=(const SharedRan&) = delete;
  ~SharedRan() { munmap(head_, octets()); }

  // Task `i` has begun.
  void mark(std::size_t i) noexcept { times_[i].fetch_add(1, std::memory_order_relaxed); }
  // One more has ended.
  void end() noexcept {
    if (head_->left.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    head_->ended = now_ns();
    done_.post();
  }
  // Until all have ended; returns when the last one did.
  std::int64_t wait() const {
    done_.wait();
    return head_->ended;
  }
  void verify() const {
    for (std::size_t i = 0; i < tasks_; ++i) {
      if (times_[i] == 1) continue;
      throw std::runtime_error("task " + std::to_string(i) + " ran " + std::to_string(times_[i]) + " times");
    }
    if (head_->left != 0) throw std::runtime_error("tasks were not told to have ended, or more than once");
  }

 private:
  struct Head {
    std::atomic<std::int64_t> left;
    std::int64_t ended;
  };
  std::size_t octets() const noexcept { return sizeof(Head) + tasks_; }

  const std::size_t tasks_;
  Head* head_;
  std::atomic<std::uint8_t>* times_;
  Semaphore done_;
};

}  // namespace penstock::bench
