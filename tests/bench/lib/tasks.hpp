// The tasks of the benchmarks, and the managers that run them: nothing that a user could not write.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <penstock/penstock.hpp>

#include "bench/lib/ran.hpp"
#include "bench/lib/series.hpp"

namespace penstock::bench {

// About 100 octets once it is encoded.
struct Job {
  std::uint64_t index = 0;
  std::int64_t stamp = 0;  // when it was sent, where latency is measured
  std::string text = std::string(60, 'x');
};

inline constexpr std::size_t kBulk = 256;  // tasks a producer hands over at once
inline constexpr const char* kQueue = "bench";

// Two workers. In batches of up to 256, as the ceilings do; leases and all else as by default.
Options on_memory();
Options on_sqlite(const std::string& path, bool power);
Options on_redis(const std::string& url);

// Sends tasks `first` to `first + count` in bulk; throws unless all were accepted. Returns their names.
std::vector<TaskRef> send(TaskManager& tasks, std::size_t first, std::size_t count);

// Throws unless the store knows every task as succeeded, and nothing waits or is leased any more.
void verify_in_store(TaskManager& tasks, const std::vector<TaskRef>& refs);
void verify_nothing_left(TaskManager& tasks);

// The octets that a Job makes in a store; how many, asked in a process of its own.
std::string stored_body();
std::size_t stored_size();

// Tasks per second, and CPU seconds per 10,000 tasks.
inline Series throughput(std::size_t tasks, double seconds, double cpu) {
  return {double(tasks) / seconds, cpu / double(tasks) * 1e4};
}

}  // namespace penstock::bench

template <>
inline constexpr auto penstock::fields<penstock::bench::Job> = std::tuple{
    penstock::field{"index", &penstock::bench::Job::index}, penstock::field{"stamp", &penstock::bench::Job::stamp},
    penstock::field{"text", &penstock::bench::Job::text}};
template <>
inline constexpr penstock::Policy penstock::job<penstock::bench::Job> = {.kind = "bench.job",
                                                                         .queue = penstock::bench::kQueue};

namespace penstock::bench {

// A handler that marks what ran, and a hook that counts the ends that the store has accepted.
template <class Record>  // Ran, or SharedRan
void work(TaskManager& tasks, Record& ran) {
  tasks.handle<Job>([&ran](const Job& job) { ran.mark(job.index); });
  tasks.add_hooks({.on_finish = [&ran](const TaskEvent&) { ran.end(); }});
}

}  // namespace penstock::bench
