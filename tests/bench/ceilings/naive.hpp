// What the standard library gives whoever writes a pool in an afternoon: one mutex, one heap, closures
// with a text beside them. No ids, no states, no retries, no registry.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <queue>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace penstock::bench {

class Naive {
 public:
  using Closure = std::function<void()>;

  // `batch`: closures that a worker takes under one lock.
  Naive(unsigned workers, std::size_t batch) : batch_(batch) {
    for (unsigned i = 0; i < workers; ++i) threads_.emplace_back([this] { work(); });
  }
  ~Naive() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& t : threads_) t.join();
  }

  void submit(Closure closure) {
    Entry entry{0, 0, std::move(closure), std::string(kPayload, 'x')};
    {
      std::lock_guard lock(mutex_);
      push(std::move(entry));
    }
    changed_.notify_one();
  }

  void submit_many(std::span<Closure> closures) {
    std::vector<Entry> entries;
    entries.reserve(closures.size());
    for (Closure& c : closures) entries.push_back({0, 0, std::move(c), std::string(kPayload, 'x')});
    {
      std::lock_guard lock(mutex_);
      for (Entry& e : entries) push(std::move(e));
    }
    changed_.notify_all();
  }

 private:
  static constexpr std::size_t kPayload = 100;

  struct Entry {
    int priority;
    std::uint64_t arrival;
    Closure closure;
    std::string payload;
    bool operator<(const Entry& other) const {  // the standard heap hands out the greatest
      return priority != other.priority ? priority > other.priority : arrival > other.arrival;
    }
  };

  void push(Entry entry) {
    entry.arrival = arrivals_++;
    entries_.push(std::move(entry));
  }

  void work() {
    std::vector<Entry> taken;
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stopping_ || !entries_.empty(); });
      if (entries_.empty()) return;
      while (!entries_.empty() && taken.size() < batch_) {
        taken.push_back(std::move(const_cast<Entry&>(entries_.top())));  // a heap has no other way out
        entries_.pop();
      }
      lock.unlock();
      for (Entry& e : taken) e.closure();
      taken.clear();
      lock.lock();
    }
  }

  const std::size_t batch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::priority_queue<Entry> entries_;
  std::uint64_t arrivals_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace penstock::bench
