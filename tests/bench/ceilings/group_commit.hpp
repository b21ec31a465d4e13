// Raw group commit: many threads, each waits for the commit of its own item; whoever comes first commits
// for all who came meanwhile.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

namespace penstock::bench {

template <class Item>
class GroupCommit {
 public:
  explicit GroupCommit(std::function<void(const std::vector<Item>&)> commit) : commit_(std::move(commit)) {}

  void put(Item item) {
    std::unique_lock lock(mutex_);
    waiting_.push_back(std::move(item));
    const std::uint64_t mine = forming_;
    done_.wait(lock, [&] { return committed_ > mine || !committing_; });
    if (committed_ > mine) return;
    committing_ = true;
    ++forming_;
    std::vector<Item> group;
    group.swap(waiting_);
    lock.unlock();
    commit_(group);
    lock.lock();
    committing_ = false;
    committed_ = mine + 1;
    done_.notify_all();
  }

 private:
  std::function<void(const std::vector<Item>&)> commit_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::vector<Item> waiting_;
  std::uint64_t forming_ = 0, committed_ = 0;  // numbers of groups
  bool committing_ = false;
};

}  // namespace penstock::bench
