// Data that can be reached only through its lock.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace penstock::base {

// Tells the processor that this is a spin loop.
inline void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// A mutex that spins a little before it parks: the critical sections of this framework are shorter
// than a park and a wake.
class SpinMutex {
 public:
  void lock() {
    for (int spun = 0, wait = 1; spun < kSpins; spun += wait, wait = std::min(2 * wait, kLongestWait)) {
      if (mutex_.try_lock()) return;
      for (int i = 0; i < wait; ++i) relax();  // ever longer: each look takes the line from the holder
    }
    mutex_.lock();
  }
  bool try_lock() { return mutex_.try_lock(); }
  void unlock() { mutex_.unlock(); }
  std::mutex& native() { return mutex_; }

 private:
  static constexpr int kSpins = 192, kLongestWait = 8;
  std::mutex mutex_;
};

// `Guarded<State> state; auto s = state.lock(); s->field = 1;`
template <class T>
class Guarded {
 public:
  class Locked {
   public:
    T* operator->() noexcept { return &owner_->data_; }
    T& operator*() noexcept { return owner_->data_; }
    void unlock() { lock_.unlock(); }
    void relock() {
      owner_->mutex_.lock();
      lock_ = std::unique_lock(owner_->mutex_.native(), std::adopt_lock);
    }
    bool owns() const noexcept { return lock_.owns_lock(); }
    // For condition variables; it is the caller's business to wait for something that is in T.
    std::unique_lock<std::mutex>& native() noexcept { return lock_; }

   private:
    friend class Guarded;
    explicit Locked(Guarded* owner) : owner_(owner), lock_(owner->mutex_.native(), std::defer_lock) {
      owner->mutex_.lock();
      lock_ = std::unique_lock(owner->mutex_.native(), std::adopt_lock);
    }
    Guarded* owner_;
    std::unique_lock<std::mutex> lock_;
  };

  template <class... Args>
  explicit Guarded(Args&&... args) : data_(std::forward<Args>(args)...) {}
  Locked lock() { return Locked(this); }

 private:
  SpinMutex mutex_;
  T data_;
};

}  // namespace penstock::base
