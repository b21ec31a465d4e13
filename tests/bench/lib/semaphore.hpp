// Words between processes that one forked: post here, wait there.
#pragma once

#include <cstdint>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <unistd.h>

namespace penstock::bench {

// Thread: any, in any process that has inherited it.
class Semaphore {
 public:
  Semaphore() : fd_(eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE)) {
    if (fd_ < 0) throw std::runtime_error("no eventfd");
  }
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;
  ~Semaphore() { close(fd_); }

  void post(std::uint64_t times = 1) noexcept { (void)!write(fd_, &times, sizeof times); }
  // Until it has been posted once more than it was waited for; throws after five minutes: whoever should has died.
  void wait() const {
    pollfd ready{fd_, POLLIN, 0};
    std::uint64_t one = 0;
    if (poll(&ready, 1, 300'000) != 1 || read(fd_, &one, sizeof one) != sizeof one)
      throw std::runtime_error("another process of the measurement says nothing");
  }

 private:
  const int fd_;
};

}  // namespace penstock::bench
