#include "bell.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace penstock::redis {
namespace {

constexpr auto kListenAgain = std::chrono::seconds(1);

}  // namespace

std::uint64_t Bell::now() {
  std::lock_guard lock(mutex_);
  return count_;
}

void Bell::listen(Deadline deadline) {
  std::unique_lock lock(mutex_);
  if (subscribed_ || led_ || Clock::now() < next_try_) return;
  hear(lock, deadline);
  if (!subscribed_) next_try_ = Clock::now() + kListenAgain;
  changed_.notify_all();
}

// One thing, with the lock let go. Requires: nobody else does.
void Bell::hear(std::unique_lock<std::mutex>& lock, Deadline deadline) {
  if (!listener_) listener_ = client_.listen({channel_});
  led_ = true;
  lock.unlock();
  const Listener::Heard heard = listener_->wait(deadline);
  lock.lock();
  led_ = false;
  take(heard);
}

void Bell::rang(const std::string& queue_key, std::uint64_t number) {
  std::uint64_t& heard = heard_[queue_key];
  if (number <= heard) return;
  heard = number;
  change();
}

std::uint64_t Bell::learn(const Rings& rings, std::uint64_t then) {
  std::lock_guard lock(mutex_);
  const bool quiet = count_ == then;
  for (const auto& [queue, number] : rings) rang(queue, number);
  return quiet ? count_ : then;
}

void Bell::take(const Listener::Heard& heard) {
  using What = Listener::Heard::What;
  if (heard.what == What::lost) subscribed_ = false;
  if (heard.what == What::subscribed) {  // something may have rung while nobody listened
    subscribed_ = true;
    change();
  }
  if (heard.what != What::message) return;
  std::uint64_t number = 0;
  const char* end = heard.text.data() + heard.text.size();
  const auto [space, bad] = std::from_chars(heard.text.data(), end, number);
  if (bad != std::errc() || space == end) return change();  // not about one queue
  rang(std::string(space + 1, end), number);
}

Result<std::uint64_t> Bell::wait(std::uint64_t bell, Millis at_most) {
  constexpr Millis kLong = std::chrono::hours(24);
  const Deadline deadline = Clock::now() + std::clamp(at_most, Millis::zero(), kLong);
  std::unique_lock lock(mutex_);
  bool looked = false;  // even a wait of no time takes what is there already
  while (count_ == bell && !(looked && Clock::now() >= deadline)) {
    looked = true;
    if (led_) {
      changed_.wait_until(lock, deadline);
      continue;
    }
    hear(lock, deadline);
  }
  if (!led_) changed_.notify_all();  // somebody else is to listen
  return count_;
}

void Bell::interrupt() {
  std::lock_guard lock(mutex_);
  change();
  if (led_ && listener_) listener_->interrupt();
}

}  // namespace penstock::redis
