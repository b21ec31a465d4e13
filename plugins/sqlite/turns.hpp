// Lets one caller at a time act for all who wait: no thread of its own, no hand-off while uncontended.
#pragma once

#include <condition_variable>
#include <mutex>
#include <span>
#include <vector>

namespace penstock::sqlite {

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
  template <class Act, class Tidy>
  void take(Request& mine, Act&& act, Tidy&& tidy) {
    std::unique_lock lock(mutex_);
    waiting_.push_back(&mine);
    if (led_) mine.changed_.wait(lock, [&] { return mine.done_ || mine.leads_; });
    if (mine.done_) return;
    led_ = true;
    group_.clear();
    group_.swap(waiting_);
    lock.unlock();
    act(std::span<Request* const>(group_));
    lock.lock();
    for (Request* r : group_) {
      r->done_ = true;
      if (r != &mine) r->changed_.notify_one();  // under the lock: once it is free, `r` may be gone
    }
    lock.unlock();
    tidy();
    lock.lock();
    pass_on();
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
  void pass_on() {
    led_ = !waiting_.empty();
    if (led_) waiting_.front()->leads_ = true, waiting_.front()->changed_.notify_one();
  }

  std::mutex mutex_;
  bool led_ = false;
  std::vector<Request*> waiting_;
  std::vector<Request*> group_;  // the leader's, reached without the lock
};

}  // namespace penstock::sqlite
