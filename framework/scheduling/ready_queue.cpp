#include "scheduling/ready_queue.hpp"

#include <utility>

namespace penstock::scheduling {

ReadyQueue::Bucket& ReadyQueue::bucket(std::uint64_t rank) {
  auto at = buckets_.lower_bound(rank);
  if (at != buckets_.end() && at->first == rank) return at->second;
  if (spare_.empty()) return buckets_.emplace_hint(at, rank, Bucket{})->second;
  auto node = std::move(spare_.back());
  spare_.pop_back();
  node.key() = rank;
  return buckets_.insert(at, std::move(node))->second;
}

void ReadyQueue::push(Schedulable* task) {
  Bucket& b = bucket(task->rank());
  ++size_;
  if (b.tail && task->arrival < b.tail->arrival) {
    task->place = Schedulable::Place::returned;
    b.returned.push(task);
    return;
  }
  task->place = Schedulable::Place::fifo;
  task->previous = b.tail;
  task->next = nullptr;
  (b.tail ? b.tail->next : b.head) = task;
  b.tail = task;
}

void ReadyQueue::take(Bucket& b, Schedulable* task) {
  if (task->place == Schedulable::Place::returned) {
    b.returned.erase(task);
  } else {
    (task->previous ? task->previous->next : b.head) = task->next;
    (task->next ? task->next->previous : b.tail) = task->previous;
  }
  task->place = Schedulable::Place::none;
  --size_;
}

void ReadyQueue::drop_if_empty(Buckets::iterator at) {
  if (!at->second.empty()) return;
  auto node = buckets_.extract(at);
  if (spare_.size() < kSpare) spare_.push_back(std::move(node));
}

Schedulable* ReadyQueue::front() const { return buckets_.begin()->second.front(); }

Schedulable* ReadyQueue::pop() {
  auto at = buckets_.begin();
  Schedulable* task = at->second.front();
  take(at->second, task);
  drop_if_empty(at);
  return task;
}

void ReadyQueue::erase(Schedulable* task) {
  auto at = buckets_.find(task->rank());
  take(at->second, task);
  drop_if_empty(at);
}

}  // namespace penstock::scheduling
