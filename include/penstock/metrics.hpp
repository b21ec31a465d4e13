// A snapshot of what a manager counted. Counters only rise; a snapshot is consistent in itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <penstock/plugin/meter.hpp>

namespace penstock {

struct Counters {
  std::uint64_t scheduled = 0;  // tasks accepted: submitted, or enqueued through this manager
  std::uint64_t completed = 0, failed = 0, cancelled = 0;  // by their end; a retried attempt is none
  std::uint64_t retried = 0;                               // attempts that failed and will be repeated
  std::uint64_t snoozed = 0, timed_out = 0;                // attempts
  std::uint64_t put_off = 0;                               // of the retried: by a spent retry budget
  std::uint64_t lost = 0;                                  // attempts whose lease was lost; another worker has the task
  std::uint64_t running = 0;                               // gauge
  Histogram latency;                                       // in the handler, every attempt
  Histogram wait;  // from when it could run until it ran; leased tasks: since the lease
};

struct Metrics {
  Counters total;
  std::map<std::string, Counters> by_queue, by_handler;
  std::uint64_t queue_depth = 0;                     // in memory: ready, delayed and waiting for a retry; leased ahead
  std::uint64_t results_dropped = 0;                 // over all subscribers
  std::uint64_t stuck_threads = 0;                   // handlers that outlived their grace period, running still
  std::uint64_t exchanges = 0, exchange_errors = 0;  // calls to the backend by the worker
  std::uint64_t polls = 0;                           // of these, woken by the clock because the store has no bell
  std::uint64_t leases_held = 0;                     // gauge: tasks
  std::chrono::milliseconds last_exchange_age{};     // since the store last answered; 0: never asked
  std::vector<CallStats> backend_calls;              // if it counts them, as one in the wrapper "metrics" does
};

// The snapshot in the Prometheus text format, version 0.0.4: penstock_tasks_completed_total{queue="q"} 3 ...
std::string to_prometheus(const Metrics& metrics);

}  // namespace penstock
