// Time and CPU, as the benchmarks read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace penstock::bench {

// The monotonic clock; one for all processes of the machine.
inline std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

inline double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  auto seconds = [](const timeval& t) { return double(t.tv_sec) + double(t.tv_usec) / 1e6; };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// Wall and CPU seconds of this process since it was made.
class Stopwatch {
 public:
  double seconds() const { return double(now_ns() - start_) / 1e9; }
  double cpu() const { return cpu_seconds() - cpu_; }

 private:
  std::int64_t start_ = now_ns();
  double cpu_ = cpu_seconds();
};

// Ticks at a fixed rate.
class Ticker {
 public:
  explicit Ticker(std::chrono::nanoseconds period) : fd_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)) {
    const timespec every{period.count() / 1'000'000'000, period.count() % 1'000'000'000};
    const itimerspec spec{every, every};
    if (fd_ < 0 || timerfd_settime(fd_, 0, &spec, nullptr) != 0) throw std::runtime_error("no timer");
  }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;
  ~Ticker() { close(fd_); }
  void wait() {
    std::uint64_t ticks = 0;
    if (read(fd_, &ticks, sizeof ticks) != sizeof ticks) throw std::runtime_error("the timer failed");
  }

 private:
  int fd_;
};

}  // namespace penstock::bench
