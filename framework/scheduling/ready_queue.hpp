// The ready tasks of one queue, by (priority, higher weight, arrival).
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "scheduling/heap.hpp"

namespace penstock::scheduling {

// One bucket per rank in use; few are. Inside a bucket new arrivals come in order and form a list:
// adding and taking are O(1). A task that comes back (a retry, a release) has an older arrival than
// the list's tail; such go into a small heap beside it, and the older of the two heads is taken.
class ReadyQueue {
 public:
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  void push(Schedulable* task);
  Schedulable* front() const;     // Requires: not empty
  Schedulable* pop();             // Requires: not empty
  void erase(Schedulable* task);  // Requires: it is here

 private:
  struct Bucket {
    Schedulable* head = nullptr;
    Schedulable* tail = nullptr;
    IndexedHeap<EarlierArrival> returned;
    bool empty() const noexcept { return !head && returned.empty(); }
    Schedulable* front() const noexcept {
      bool from_returned = !head || (!returned.empty() && returned.top()->arrival < head->arrival);
      return from_returned ? returned.top() : head;
    }
  };
  using Buckets = std::map<std::uint64_t, Bucket>;

  Bucket& bucket(std::uint64_t rank);
  void take(Bucket& bucket, Schedulable* task);
  void drop_if_empty(Buckets::iterator at);

  static constexpr std::size_t kSpare = 16;
  Buckets buckets_;
  std::vector<Buckets::node_type> spare_;  // nodes of emptied buckets: an idle queue allocates nothing
  std::size_t size_ = 0;
};

}  // namespace penstock::scheduling
