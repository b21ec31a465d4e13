// An indexed four-ary heap of Schedulables: any member can be taken out in O(log n).
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "scheduling/schedulable.hpp"

namespace penstock::scheduling {

// `Before(a, b)` says whether a comes out before b.
template <class Before>
class IndexedHeap {
 public:
  bool empty() const noexcept { return items_.empty(); }
  std::size_t size() const noexcept { return items_.size(); }
  Schedulable* top() const noexcept { return items_.front(); }

  void push(Schedulable* item) {
    items_.push_back(item);
    rise(items_.size() - 1);
  }
  void erase(Schedulable* item) {
    std::size_t at = item->position;
    Schedulable* last = items_.back();
    items_.pop_back();
    if (last == item) return;
    place(at, last);
    rise(at);
    sink(last->position);
  }
  Schedulable* pop() {
    Schedulable* item = top();
    erase(item);
    return item;
  }

 private:
  static constexpr std::size_t kArity = 4;
  void place(std::size_t at, Schedulable* item) {
    items_[at] = item;
    item->position = static_cast<std::uint32_t>(at);
  }
  void rise(std::size_t at) {
    Schedulable* item = items_[at];
    while (at > 0) {
      std::size_t parent = (at - 1) / kArity;
      if (!before_(item, items_[parent])) break;
      place(at, items_[parent]);
      at = parent;
    }
    place(at, item);
  }
  void sink(std::size_t at) {
    Schedulable* item = items_[at];
    for (;;) {
      std::size_t best = at;
      Schedulable* least = item;
      std::size_t first = at * kArity + 1;
      for (std::size_t child = first; child < first + kArity && child < items_.size(); ++child) {
        if (before_(items_[child], least)) {
          best = child;
          least = items_[child];
        }
      }
      if (best == at) break;
      place(at, least);
      at = best;
    }
    place(at, item);
  }

  std::vector<Schedulable*> items_;
  [[no_unique_address]] Before before_;
};

struct EarlierArrival {
  bool operator()(const Schedulable* a, const Schedulable* b) const noexcept { return a->arrival < b->arrival; }
};
struct EarlierDue {
  bool operator()(const Schedulable* a, const Schedulable* b) const noexcept {
    return a->due != b->due ? a->due < b->due : a->arrival < b->arrival;
  }
};

}  // namespace penstock::scheduling
