// Lets one caller at a time act for all who wait: no thread of its own, no hand-off while uncontended.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace penstock::shared {

// Thread: any. At most as many requests wait as there are threads that call.
template <class Request>
class Turns {
 public:
  class Ticket {
    friend class Turns;
    std::condition_variable changed_;
    bool done_ = false, leads_ = false;
  };

  // Returns when `mine` was in a group that some leader acted on. The caller who leads runs
  // `act(group)` with everything that queued meanwhile, then, when the others have been let go,
  // `tidy()`. Both run without the lock, one leader at a time, and must not throw.
  // Before it acts, the leader waits for up to `patience` for those who called while the last group was
  // acted on: the group is to be as large as there are callers, for what it costs apart from its size.
  template <class Act, class Tidy>
  void take(Request& mine, std::chrono::nanoseconds patience, Act&& act, Tidy&& tidy) {
    std::unique_lock lock(mutex_);
    waiting_.push_back(&mine);
    if (gathering_ && waiting_.size() >= company_) gathered_.notify_one();
    if (led_) mine.changed_.wait(lock, [&] { return mine.done_ || mine.leads_; });
    if (mine.done_) return;
    led_ = true;
    gather(lock, patience);
    group_.clear();
    group_.swap(waiting_);
    lock.unlock();
    act(std::span<Request* const>(group_));
    lock.lock();
    company_ = group_.size() + waiting_.size();
    for (Request* r : group_) {
      r->done_ = true;
      if (r != &mine) r->changed_.notify_one();  // under the lock: once it is free, `r` may be gone
    }
    lock.unlock();
    tidy();
    lock.lock();
    pass_on();
  }

  std::size_t waiting() {  // for tests
    std::lock_guard lock(mutex_);
    return waiting_.size();
  }

  // Runs `act` as the leader would, unless somebody leads.
  template <class Act>
  void spare(Act&& act) {
    std::unique_lock lock(mutex_);
    if (led_) return;
    led_ = true;
    lock.unlock();
    act();
    lock.lock();
    pass_on();
  }

 private:
  // Waits that nobody came to are made ever more seldom: once in 64 rounds in the end.
  void gather(std::unique_lock<std::mutex>& lock, std::chrono::nanoseconds patience) {
    const std::size_t present = waiting_.size();
    if (patience.count() <= 0 || present >= company_ || (pass_over_ > 0 && pass_over_-- > 0)) return;
    gathering_ = true;
    gathered_.wait_for(lock, patience, [this] { return waiting_.size() >= company_; });
    gathering_ = false;
    in_vain_ = waiting_.size() > present ? 0 : std::min(in_vain_ + 1, 6u);
    pass_over_ = (1u << in_vain_) - 1;
  }

  void pass_on() {
    led_ = !waiting_.empty();
    if (led_) waiting_.front()->leads_ = true, waiting_.front()->changed_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable gathered_;
  bool led_ = false, gathering_ = false;
  std::size_t company_ = 0;  // callers there were while the last group was acted on
  unsigned in_vain_ = 0, pass_over_ = 0;
  std::vector<Request*> waiting_;
  std::vector<Request*> group_;  // the leader's, reached without the lock
};

}  // namespace penstock::shared
