// Something that happens once, told between processes: it stands in memory they share.
#pragma once

#include <atomic>
#include <climits>
#include <cstdint>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace penstock::torture {

class Signal {
 public:
  void raise() {
    raised_ = 1;
    syscall(SYS_futex, &raised_, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
  }
  void wait() const {
    while (raised_ == 0) syscall(SYS_futex, &raised_, FUTEX_WAIT, 0, nullptr, nullptr, 0);
  }
  bool raised() const { return raised_ != 0; }

 private:
  std::atomic<std::uint32_t> raised_{0};
};

}  // namespace penstock::torture
