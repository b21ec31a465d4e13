// The seam between the runtime and user code: a task's context, a handler, and a module of handlers.
//
// Applications use the templates of penstock/handler.hpp, which build on this; a module of handlers
// (kind "handlers"), loaded by `penstock run`, offers them through Handlers::list.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <penstock/plugin/backend.hpp>
#include <penstock/plugin/codec.hpp>
#include <penstock/plugin/outcome.hpp>
#include <penstock/plugin/plugin.hpp>

namespace penstock {
inline namespace PENSTOCK_ABI_NAMESPACE {

// What becomes of an enqueue that finds its unique key taken.
enum class IfTaken : std::uint8_t {
  reject,   // Errc::conflict; the error names the holder
  keep,     // accepted: the holder stands for it (throttle, with unique_for)
  replace,  // a holder that waits makes room for it (debounce, with a delay); any other: as reject
};

// How a task type is treated when nothing else is said. Zero and empty mean: as the config says.
// Precedence: what an enqueue says, then this, then the config, then the built-in default.
struct Policy {
  std::string_view kind;                        // [A-Za-z0-9._-]{1,128}: what a task of the type is called in the store
  std::uint32_t version = 1;                    // of the payload; stored with each task, shown to the handler
  std::span<const std::string_view> aliases{};  // former kinds that the handler still takes
  std::string_view queue{};                     // empty: "default"
  std::int32_t priority = 0;                    // lower runs first
  std::uint16_t weight = 1;                     // among equals, higher first
  std::optional<std::uint32_t> retries{};       // executions on failure = retries + 1
  std::optional<Millis> backoff{};              // delay before the first retry; doubles up to backoff_cap
  std::optional<Millis> backoff_cap{};
  std::optional<bool> jitter{};         // full jitter: uniform in [0, delay]
  std::optional<Millis> timeout{};      // of one attempt; 0: none
  std::optional<Millis> keep_result{};  // how long a result stays readable
  // For tasks with a unique key (penstock/flow.hpp).
  std::optional<IfTaken> if_taken{};     // reject
  std::optional<Unique> unique_while{};  // live
  std::optional<Millis> unique_for{};    // from the enqueue on, whatever has become of the task
  // While a larger share of the kind's attempts fails (of those of the last minute in this process, ten at
  // the least), failed ones are put off by backoff_cap, whatever the backoff says. 0: no such budget.
  std::optional<double> retry_budget{};
};

// The keys of one task: see NewTask. Empty: none.
struct FlowKeys {
  std::string unique, fair;
  std::vector<std::string> gates;
};

// The limit that a task type declares for one of its gates, or for a class of them.
struct DeclaredLimit {
  std::string gate;
  Limit limit;
};

// What is known of the task that an attempt runs.
struct TaskView {
  std::string_view queue, kind;
  TaskId id;  // of a durable task; of an in-memory one a process-local number
  bool durable = false;
  std::uint32_t attempt = 1;  // 1 for the first execution: failures and crashes so far, plus 1
  std::uint32_t crashes = 0;
  Epoch epoch = 0;  // the fence: rises with every lease of the task; give it to what you write to
  std::int32_t priority = 0;
  std::uint32_t version = 1;  // of the payload
  std::string_view codec;     // the value codec that wrote the payload; empty: raw bytes
};

// Lent to a handler for one attempt; not to be kept. Thread: the handler's own, but for stop_token,
// progress and log, which any thread that the handler joins may use.
class PENSTOCK_API Context {
 public:
  virtual const TaskView& task() const noexcept = 0;
  virtual std::string_view payload() const noexcept = 0;  // transforms are undone already
  // The value stored under `key` by the producer, empty when absent. "traceparent" is such a key.
  virtual std::string_view metadata(std::string_view key) const noexcept = 0;

  // Stop is requested when the timeout strikes, the task is cancelled, the lease is lost, or the
  // worker's shutdown deadline nears. A handler that ignores it is settled for after the grace period.
  virtual std::stop_token stop_token() noexcept = 0;
  virtual std::chrono::steady_clock::time_point deadline() const noexcept = 0;  // max() when there is none

  // Stored with a durable task and shown to people; at most one write a second reaches the store.
  // `fraction` in [0, 1]; `text` up to 1 KiB.
  virtual void progress(double fraction, std::string_view text = {}) noexcept = 0;
  virtual void log(Level level, std::string_view message) noexcept = 0;

  // Enqueues a child with this attempt's settlement: it exists iff the settlement is accepted, and is
  // not doubled by a retry. Same queue as this task's unless the child's policy names another; a child
  // in another queue is sent just before the settlement, under an id derived from this task's.
  // At most 64 for an attempt. Only durable tasks have children; others get Errc::invalid.
  // Where its unique key is taken, it is left out.
  virtual Result<void> add_child(const Policy& policy, std::string payload, std::string_view codec,
                                 FlowKeys keys = {}) noexcept = 0;

  // The value codec called `name`, or the process's own when `name` is empty; null when it is not there.
  virtual ValueCodec* codec(std::string_view name) noexcept = 0;

 protected:
  ~Context() = default;
};

// A handler as the runtime sees it. `run` never throws: the template that wraps user code turns what
// it throws into an Outcome. Thread: many attempts at once.
class PENSTOCK_API TaskHandler {
 public:
  virtual ~TaskHandler() = default;
  virtual Outcome run(Context&) noexcept = 0;
};

// A module of handlers: component kind "handlers".
class PENSTOCK_API Handlers : public Interface {
 public:
  static constexpr const char* kKind = "handlers";
  struct Entry {
    Policy policy;
    std::unique_ptr<TaskHandler> handler;
    std::vector<DeclaredLimit> limits{};  // of gates of the policy's queue
  };
  // Called once, at start. What the policies point to lives as long as the module.
  virtual std::vector<Entry> list() noexcept = 0;
};

}  // namespace PENSTOCK_ABI_NAMESPACE
}  // namespace penstock
