// Which task runs next: weighted queues, priorities inside them, and tasks that wait for their time.
//
// Pure data: no thread, no lock, no clock of its own. Holds pointers to tasks that their owner keeps
// alive while they are queued here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduling/heap.hpp"
#include "scheduling/ready_queue.hpp"

namespace penstock::scheduling {

// One queue. Made on first use, kept for life: tasks and counters point to it.
struct Lane {
  std::string name;
  std::uint32_t weight = 1;
  ReadyQueue ready;
  std::uint32_t credit = 0;         // tasks it may still give in this turn
  std::optional<Instant> blocked;   // gives nothing until then
  Lane* previous_active = nullptr;  // ring of lanes with ready tasks
  Lane* next_active = nullptr;
  void* owner = nullptr;  // what the user of the scheduler keeps beside it
};

// Queues take turns: each gives up to `weight` tasks in a row, then the next one that has any. A queue
// that becomes ready joins behind the others, so none waits longer than one turn of all.
class Scheduler {
 public:
  // Weights by queue name; "*" is for all others. Weight 0 counts as 1. May change at any time.
  void set_weights(const std::map<std::string, unsigned>& weights);
  Lane& lane(std::string_view name);

  // Queues the task in its lane, or first in the delay heap when `due` is later than `now`. A task
  // without an arrival is given the next one. Requires: it is queued nowhere.
  void push(Schedulable* task, Instant due, Instant now);
  // The next task to run, after promoting what is due; null when none is ready.
  Schedulable* pop(Instant now);
  // The task that `pop` would give.
  Schedulable* peek(Instant now);
  // Takes a task out, wherever it is queued. False: it is queued nowhere.
  bool erase(Schedulable* task);
  // Lets the lane give nothing until then: the others take their turns without it. Once blocked, it
  // stays so until its time has come.
  void block(Lane& lane, Instant until);

  void promote(Instant now);
  // Whether all that is ready is in one queue, so that taking some of it takes no turn from another.
  bool one_queue() const noexcept { return cursor_ && cursor_->next_active == cursor_; }
  std::size_t ready() const noexcept { return ready_; }  // those that `pop` may give
  std::size_t delayed() const noexcept { return delayed_.size(); }
  std::size_t queued() const noexcept { return ready_ + held_up_ + delayed_.size(); }  // in all
  const std::vector<Lane*>& blocked() const noexcept { return blocked_; }
  // When time alone will change what is ready: a delayed task's, or a blocked lane's.
  std::optional<Instant> next_due() const;

 private:
  void push_ready(Schedulable* task);
  void unblock(Instant now);
  void activate(Lane& lane);
  void deactivate(Lane& lane);
  std::uint32_t weight_of(std::string_view name) const;

  std::map<std::string, std::unique_ptr<Lane>, std::less<>> lanes_;
  std::map<std::string, unsigned> weights_{{"*", 1}};
  IndexedHeap<EarlierDue> delayed_;
  Lane* cursor_ = nullptr;  // in the ring; the lane whose turn it is
  std::vector<Lane*> blocked_;
  std::size_t ready_ = 0, held_up_ = 0;  // held up: ready, but in blocked lanes
  std::uint64_t arrivals_ = 0;
};

}  // namespace penstock::scheduling
