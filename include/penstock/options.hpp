// What can be chosen: for a manager, for an enqueue, for a submit.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <penstock/clock.hpp>
#include <penstock/plugin/backend.hpp>
#include <penstock/plugin/handlers.hpp>
#include <penstock/plugin/plugin.hpp>
#include <penstock/retry.hpp>

namespace penstock {

using Metadata = std::vector<std::pair<std::string, std::string>>;

// What happens to an enqueue or a submit that finds its queue full.
enum class IfFull : std::uint8_t {
  reject,  // Errc::resource_exhausted at once
  block,   // the caller waits for room, `block_at_most` at the longest
};

// For one enqueue. Empty and zero mean: as the task type's policy says, else as the config says.
struct EnqueueOptions {
  std::string queue{};
  std::optional<std::int32_t> priority{};  // lower runs first
  std::optional<std::uint16_t> weight{};
  std::optional<Millis> delay{};  // from now
  std::optional<Time> at{};       // or at a date
  std::optional<std::uint32_t> retries{};
  std::optional<Millis> backoff{}, backoff_cap{}, timeout{}, keep_result{};
  std::optional<TaskId> id{};  // the caller's own: sending it twice makes one task
  // Instead of what penstock/flow.hpp says for the type; up to 255 octets each.
  std::optional<std::string> unique{}, fair{};
  std::optional<std::vector<std::string>> gates{};
  std::optional<IfTaken> if_taken{};
  std::optional<Unique> unique_while{};
  std::optional<Millis> unique_for{};
  Metadata metadata{};            // up to 64 pairs and 16 KiB; "traceparent" is set by the tracer
  std::uint64_t queue_limit = 0;  // waiting tasks at which the queue is full; 0: none
  IfFull if_full = IfFull::reject;
  Millis block_at_most{30'000};
};

// For one in-memory task.
struct SubmitOptions {
  std::string name{};   // shown in hooks, metrics and results; [A-Za-z0-9._-]{1,128}
  std::string queue{};  // empty: "local"
  std::int32_t priority = 0;
  std::uint16_t weight = 1;
  Millis delay{};
  std::optional<std::uint32_t> retries{};  // absent: as the manager's options say
  std::optional<Millis> backoff{}, timeout{};
};

using SettingValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;
struct PluginChoice {
  std::string use{};     // the component's name; empty: none
  std::string module{};  // absolute path of a module; empty: found by name
  std::map<std::string, SettingValue> settings{};
  std::vector<PluginChoice> wrap{};  // wrappers around it, the outermost first: what is asked meets that first
  // Where the settings stand in a config file, for messages. Programs leave these alone.
  std::string file{};
  int line = 0;
  std::map<std::string, int> lines{};
};

// For a manager. The config file has a key for each of these but the last group, and the same defaults;
// but there the backend is sqlite unless it says another.
struct Options {
  unsigned threads = 0;                              // 0: as many as there are cores
  std::map<std::string, unsigned> queues{{"*", 1}};  // name to weight; "*": all others. "local" is one
  RetryPolicy retry;
  Millis timeout{300'000};      // of one attempt; 0: none
  Millis grace{5'000};          // from the request to stop until it is settled as timed out
  Millis stop_timeout{30'000};  // what run() and drain() give handlers to finish at the end
  unsigned max_stuck = 4;       // threads; at the cap nothing new is leased
  unsigned max_crashes = 3;     // of one task; then it is dead, as poison
  double retry_budget = 0;      // see Policy
  Millis lease{10'000};
  // Declared in the store by open(): "queue", "queue/gate" or "queue/class" (plugin/backend.hpp).
  std::map<std::string, Limit> limits;
  unsigned batch = 64;                  // tasks per exchange at the most
  std::uint64_t max_payload = 1 << 20;  // octets
  Millis result_age{86'400'000};
  std::uint64_t result_bytes = 256 << 20;  // per queue
  std::uint64_t local_limit = 0;           // in-memory tasks waiting; 0: none
  IfFull local_if_full = IfFull::reject;
  std::size_t ended_count = 10'000;  // in-memory tasks remembered after their end, by
  Millis ended_age{900'000};         // count, age and memory, results included
  std::uint64_t ended_bytes = 64 << 20;

  PluginChoice backend{.use = "memory"};
  std::string durability;                 // empty: whatever the backend gives
  std::vector<PluginChoice> codecs;       // a value codec, then transforms; empty: json
  std::vector<PluginChoice> codecs_also;  // only for reading what was written under another config
  PluginChoice limiter, tracer;
  std::vector<std::string> plugin_path, plugin_allow;
  std::vector<std::string> handler_modules;                // names, or absolute paths
  std::map<std::string, PluginChoice> handler_settings{};  // of those, by name
  Level log_level = Level::info;
  // Where keys such as "worker.retries" stand in the config file that was read, for messages. Programs
  // leave these alone.
  std::string file{};
  std::map<std::string, int> lines{};

  // For programs only.
  std::vector<PluginEntry> plugins;  // linked in beside the built-in ones
  Clock* clock = nullptr;            // null: system_clock(); must outlive the manager
};

}  // namespace penstock
