// Hooks observe; they change nothing. They are called after the fact, on the thread on which it
// happened or one of the manager's own, never under a lock. One that throws is logged and ignored.
#pragma once

#include <functional>
#include <string_view>

#include <penstock/task.hpp>

namespace penstock {

// Lent for the call.
struct TaskEvent {
  TaskKey key;
  std::string_view kind;
  bool durable = false;
  std::uint32_t attempt = 0;  // 0 before the first
  Status status = Status::queued;
  std::string_view error;             // of the attempt, when it failed
  Millis delay{};                     // on_retry: until it runs again
  std::chrono::nanoseconds waited{};  // on_start: since it could have run
  std::chrono::nanoseconds ran{};     // on_finish, on_retry: in the handler
};

struct Hooks {
  std::function<void(const TaskEvent&)> on_queued;  // accepted by this process: submitted or enqueued
  std::function<void(const TaskEvent&)> on_start;   // before each attempt
  std::function<void(const TaskEvent&)> on_retry;   // an attempt failed or was snoozed; it will run again
  std::function<void(const TaskEvent&)> on_finish;  // ended; of a durable task: after the store accepted it
  std::function<void(const TaskEvent&)> on_lost;    // the lease was lost: another worker has the task
};

}  // namespace penstock
