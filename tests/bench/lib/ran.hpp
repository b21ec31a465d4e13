// Which of a measurement's tasks ran: all of them, each once, or the figure counts for nothing.
#pragma once

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

namespace penstock::bench {

// Thread: any, but for `wait` and `verify`.
class Ran {
 public:
  explicit Ran(std::size_t tasks) : times_(tasks), left_(static_cast<std::int64_t>(tasks)) {}

  // Task `i` has begun.
  void mark(std::size_t i) noexcept { times_[i].fetch_add(1, std::memory_order_relaxed); }
  // One more has ended.
  void end() noexcept {
    if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) left_.notify_all();
  }
  void wait() const noexcept {
    for (std::int64_t left = left_; left > 0; left = left_) left_.wait(left);
  }
  void verify() const {
    for (std::size_t i = 0; i < times_.size(); ++i) {
      if (times_[i] == 1) continue;
      throw std::runtime_error("task " + std::to_string(i) + " of " + std::to_string(times_.size()) + " ran " +
                               std::to_string(times_[i]) + " times");
    }
    if (left_ != 0) throw std::runtime_error(std::to_string(left_) + " tasks were not told to have ended");
  }

 private:
  std::vector<std::atomic<std::uint8_t>> times_;
  std::atomic<std::int64_t> left_;
};

}  // namespace penstock::bench
