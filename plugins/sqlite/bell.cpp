#include "bell.hpp"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>

#include "error.hpp"
#include "place.hpp"

namespace penstock::sqlite {

struct Bell::Shared {
  std::atomic<std::uint32_t> count, armed;
  alignas(64) Watermark::Notes notes;
};

namespace {

constexpr off_t kSize = 4096;

// Not the private futex operations: waiters may be in other processes.
void futex(const std::atomic<std::uint32_t>& word, int operation, std::uint32_t value, const timespec* timeout) noexcept {
  static_assert(sizeof word == 4 && std::atomic<std::uint32_t>::is_always_lock_free);
  syscall(SYS_futex, &word, operation, value, timeout, nullptr, 0);
}

}  // namespace

Bell::Bell(const std::string& path) {
  const int fd = open_side_file(path, kSize);
  void* mapped = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped == MAP_FAILED) throw Failure(Error{Errc::unavailable, path + ": cannot map it"}, 0);
  shared_ = static_cast<Shared*>(mapped);
}

Bell::~Bell() { munmap(shared_, kSize); }

Watermark::Notes& Bell::notes() noexcept { return shared_->notes; }

void Bell::arm(Call call) noexcept { shared_->armed.fetch_or(call); }

bool Bell::armed(Call call) const noexcept { return (shared_->armed.load() & call) != 0; }

void Bell::ring(std::uint32_t calls) noexcept {
  if ((shared_->armed.load() & calls) != 0 && (shared_->armed.fetch_and(~calls) & calls) != 0) bump();
}

void Bell::bump() noexcept {
  shared_->count.fetch_add(1);
  futex(shared_->count, FUTEX_WAKE, INT_MAX, nullptr);
}

std::uint64_t Bell::now() const noexcept { return shared_->count.load(); }

std::uint64_t Bell::wait(std::uint64_t seen, Millis at_most) const noexcept {
  constexpr Millis kLongest = std::chrono::hours(24);
  const auto end = std::chrono::steady_clock::now() + std::clamp(at_most, Millis(0), kLongest);
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(end - std::chrono::steady_clock::now());
    if (now() != seen || left.count() <= 0) return now();
    const timespec timeout{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    futex(shared_->count, FUTEX_WAIT, static_cast<std::uint32_t>(seen), &timeout);
  }
}

}  // namespace penstock::sqlite
