// A count that processes raise and wait for: it stands in memory they share.
#pragma once

#include <atomic>
#include <chrono>
#include <climits>
#include <cstdint>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace penstock::torture {

class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  void add() {
    ++count_;
    syscall(SYS_futex, &count_, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
  }
  std::uint32_t count() const { return count_; }
  // Whether it comes to that by then.
  bool reaches(std::uint32_t wanted, Clock::time_point until) const {
    for (;;) {
      const std::uint32_t seen = count_;
      if (static_cast<std::int32_t>(seen - wanted) >= 0) return true;
      const auto left = std::chrono::nanoseconds(until - Clock::now()).count();
      if (left <= 0) return false;
      const timespec time{static_cast<time_t>(left / 1'000'000'000), static_cast<long>(left % 1'000'000'000)};
      syscall(SYS_futex, &count_, FUTEX_WAIT, seen, &time, nullptr, 0);
    }
  }

 private:
  std::atomic<std::uint32_t> count_{0};
};

}  // namespace penstock::torture
