// Tasks as applications name and see them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <penstock/plugin/backend.hpp>
#include <penstock/plugin/handlers.hpp>

namespace penstock {

// The name of one task, durable or in memory: "queue/0192f0c1-....". In-memory tasks are of queue
// "local" unless they were submitted to another, and are known to this process only.
struct TaskRef {
  std::string queue;
  TaskId id;
  friend bool operator==(const TaskRef&, const TaskRef&) = default;
  TaskKey key() const noexcept { return {queue, id}; }
};

// A fresh UUIDv7 (RFC 9562): ordered by time, then by a counter within this thread.
TaskId make_task_id();
// "0192f0c1-7a3c-7b1e-9f00-2b6c3d4e5f60", and back; absent for anything else.
std::string to_text(const TaskId& id);
std::string to_text(const TaskRef& ref);
std::optional<TaskId> parse_task_id(std::string_view text);

enum class Status : std::uint8_t {
  scheduled,  // waits for its time
  queued,     // may run as soon as a worker is free
  running,    // in a handler, or leased ahead by a worker
  retrying,   // failed, and waits out its backoff
  succeeded,
  failed,     // dead: no retry left, or poison, or told to fail
  timed_out,  // dead: the last attempt overran its timeout
  cancelled,
};
constexpr bool ended(Status s) noexcept { return s >= Status::succeeded; }
const char* name(Status s) noexcept;

// What is known of a task now.
struct TaskInfo {
  TaskRef ref;
  std::string kind;  // of an in-memory task: the name it was given, or empty
  bool durable = false;
  Status status = Status::queued;
  std::uint32_t failures = 0, crashes = 0;
  Epoch epoch = 0;
  std::int32_t priority = 0;
  std::string error;              // of the last attempt that failed, or why it ended
  std::uint64_t fingerprint = 0;  // of that error: equal for errors that differ in numbers and ids only
  double progress = 0;            // as last stored
  std::string progress_text;
  bool cancel_requested = false;
  Time enqueued{}, due{}, ended{};
  std::string result;        // bytes, if one is kept
  std::string result_codec;  // the value codec that wrote it; empty: raw bytes
};

// What became of one item of an enqueue.
struct Enqueued {
  TaskRef ref;                 // of the task that is there now
  Item what = Item::ok;        // ok, exists, conflict, full, invalid
  std::optional<Error> error;  // set when the item was not accepted, and when the outcome is not known
  bool created() const noexcept { return what == Item::ok && !error; }
  bool accepted() const noexcept { return (what == Item::ok || what == Item::exists) && !error; }
};

enum class Cancelled : std::uint8_t {
  was_waiting,   // it has ended; it will not run
  requested,     // it is running and was asked to stop
  was_finished,  // too late
  not_found,
};

}  // namespace penstock
