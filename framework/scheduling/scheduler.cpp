#include "scheduling/scheduler.hpp"

#include <algorithm>
#include <mutant.hpp>

namespace penstock::scheduling {

std::uint32_t Scheduler::weight_of(std::string_view name) const {
  auto at = weights_.find(std::string(name));
  if (at == weights_.end()) at = weights_.find("*");
  return at == weights_.end() ? 1 : std::max(1u, at->second);
}

void Scheduler::set_weights(const std::map<std::string, unsigned>& weights) {
  weights_ = weights;
  for (auto& [name, lane] : lanes_) {
    lane->weight = weight_of(name);
    lane->credit = std::min(lane->credit, lane->weight);
  }
}

Lane& Scheduler::lane(std::string_view name) {
  auto at = lanes_.find(name);
  if (at == lanes_.end()) {
    auto made = std::make_unique<Lane>();
    made->name = name;
    made->weight = weight_of(name);
    at = lanes_.emplace(std::string(name), std::move(made)).first;
  }
  return *at->second;
}

void Scheduler::activate(Lane& lane) {
  lane.credit = 0;  // refilled when its turn comes
  if (!cursor_) {
    lane.previous_active = lane.next_active = cursor_ = &lane;
    return;
  }
  lane.next_active = cursor_;  // behind all others: just before the one whose turn it is
  lane.previous_active = cursor_->previous_active;
  lane.previous_active->next_active = &lane;
  cursor_->previous_active = &lane;
}

void Scheduler::deactivate(Lane& lane) {
  if (cursor_ == &lane) cursor_ = lane.next_active == &lane ? nullptr : lane.next_active;
  lane.previous_active->next_active = lane.next_active;
  lane.next_active->previous_active = lane.previous_active;
  lane.previous_active = lane.next_active = nullptr;
}

void Scheduler::push_ready(Schedulable* task) {
  Lane& lane = *task->lane;
  if (!lane.blocked && lane.ready.empty()) activate(lane);
  lane.ready.push(task);
  ++(lane.blocked ? held_up_ : ready_);
}

void Scheduler::push(Schedulable* task, Instant due, Instant now) {
  if (task->arrival == 0) task->arrival = ++arrivals_;
  if (due <= now) return push_ready(task);
  task->due = due;
  task->place = Schedulable::Place::delayed;
  delayed_.push(task);
}

void Scheduler::block(Lane& lane, Instant until) {
  if (lane.blocked) return;
  lane.blocked = until;
  blocked_.push_back(&lane);
  if (lane.ready.empty()) return;
  deactivate(lane);
  ready_ -= lane.ready.size();
  held_up_ += lane.ready.size();
}

void Scheduler::unblock(Instant now) {
  std::erase_if(blocked_, [&](Lane* lane) {
    if (*lane->blocked > now) return false;
    lane->blocked.reset();
    if (!lane->ready.empty()) activate(*lane);
    ready_ += lane->ready.size();
    held_up_ -= lane->ready.size();
    return true;
  });
}

void Scheduler::promote(Instant now) {
  if (!blocked_.empty()) unblock(now);
  while (!delayed_.empty() && delayed_.top()->due <= now) push_ready(delayed_.pop());
}

Schedulable* Scheduler::peek(Instant now) {
  promote(now);
  return cursor_ ? cursor_->ready.front() : nullptr;
}

Schedulable* Scheduler::pop(Instant now) {
  promote(now);
  if (!cursor_) return nullptr;
  Lane& lane = *cursor_;
  if (lane.credit == 0) lane.credit = mutant("scheduler.weights.ignored") ? 1 : lane.weight;
  Schedulable* task = lane.ready.pop();
  --ready_;
  --lane.credit;
  if (lane.ready.empty()) {
    deactivate(lane);
  } else if (lane.credit == 0) {
    cursor_ = lane.next_active;
  }
  return task;
}

bool Scheduler::erase(Schedulable* task) {
  switch (task->place) {
    case Schedulable::Place::none:
      return false;
    case Schedulable::Place::delayed:
      delayed_.erase(task);
      task->place = Schedulable::Place::none;
      return true;
    case Schedulable::Place::fifo:
    case Schedulable::Place::returned:
      task->lane->ready.erase(task);
      --(task->lane->blocked ? held_up_ : ready_);
      if (!task->lane->blocked && task->lane->ready.empty()) deactivate(*task->lane);
      return true;
  }
  return false;
}

std::optional<Instant> Scheduler::next_due() const {
  std::optional<Instant> next;
  if (!delayed_.empty()) next = delayed_.top()->due;
  for (const Lane* lane : blocked_) next = next ? std::min(*next, *lane->blocked) : *lane->blocked;
  return next;
}

}  // namespace penstock::scheduling
