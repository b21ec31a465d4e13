// M1 to M4: what the runtime costs where no store does.
#include <cstdio>

#include "bench/ceilings/naive.hpp"
#include "bench/lib/clock.hpp"
#include "bench/lib/latency.hpp"
#include "bench/lib/report.hpp"
#include "bench/lib/tasks.hpp"
#include "bench/lib/whole_life.hpp"

namespace penstock::bench {
namespace {

constexpr std::size_t kMany = 64;                // closures registered at once
constexpr std::chrono::milliseconds kPeriod{1};  // between closures whose latency is measured

auto closure(Ran& ran, std::size_t i) {
  return [&ran, i] {
    ran.mark(i);
    ran.end();
  };
}

// Tasks per second, and CPU seconds per 10,000 tasks.
Series throughput(std::size_t tasks, const Stopwatch& watch) {
  const double n = double(tasks);
  return {n / watch.seconds(), watch.cpu() / n * 1e4};
}

// Hands `tasks` closures over, one by one or `kMany` at once.
template <class Closure, class One, class Many>
void produce(Ran& ran, std::size_t tasks, bool many, One&& one, Many&& hand_over) {
  if (!many) {
    for (std::size_t i = 0; i < tasks; ++i) one(closure(ran, i));
    return;
  }
  std::vector<Closure> batch;
  for (std::size_t i = 0; i < tasks;) {
    batch.clear();
    for (; i < tasks && batch.size() < kMany; ++i) batch.emplace_back(closure(ran, i));
    hand_over(std::span<Closure>(batch));
  }
}

Series naive_closures(std::size_t count, bool many) {
  Ran ran(count);
  Naive pool(2, many ? kMany : 1);
  const Stopwatch watch;
  produce<Naive::Closure>(
      ran, count, many, [&](auto c) { pool.submit(c); }, [&](auto batch) { pool.submit_many(batch); });
  ran.wait();
  Series out = throughput(count, watch);
  ran.verify();
  return out;
}

Series our_closures(std::size_t count, bool many) {
  Ran ran(count);
  std::atomic<std::uint64_t> ended{0};
  TaskManager tasks = TaskManager::open(on_memory());
  tasks.add_hooks({.on_finish = [&ended](const TaskEvent&) { ended.fetch_add(1, std::memory_order_relaxed); }});
  tasks.start();
  using Closure = decltype(closure(ran, 0));
  const Stopwatch watch;
  produce<Closure>(
      ran, count, many, [&](auto c) { tasks.submit(c); }, [&](auto batch) { tasks.submit_many(batch); });
  ran.wait();
  Series out = throughput(count, watch);
  ran.verify();
  tasks.wait_idle(Millis(10'000));
  const std::uint64_t completed = tasks.metrics().total.completed;
  tasks.stop_graceful(Millis(10'000));
  if (completed != count || ended != count) {
    throw std::runtime_error(std::to_string(count) + " closures ran; the metrics say " + std::to_string(completed) +
                             ", the hooks " + std::to_string(ended));
  }
  return out;
}

Series naive_latency(std::size_t count) {
  Naive pool(2, 1);
  return closure_latency(count, kPeriod, [&](auto c) { pool.submit(c); });
}

Series our_latency(std::size_t count) {
  TaskManager tasks = TaskManager::open(on_memory());
  tasks.add_hooks({.on_finish = [](const TaskEvent&) {}});
  tasks.start();
  return closure_latency(count, kPeriod, [&](auto c) { tasks.submit(c); });
}

void closures(const Run& run, Report& report, bool many) {
  const std::size_t n = run.size(1'000'000, 2'000);
  const Rounds r = run.interleave(
      {{"naive", [=] { return naive_closures(n, many); }}, {"ours", [=] { return our_closures(n, many); }}});
  const Columns &naive = r.sides[0], &ours = r.sides[1];
  Row row{.id = many ? "M2" : "M1",
          .what = many ? "closures, registered in batches of 64" : "closures, 1 producer, 2 workers",
          .unit = "tasks/s",
          .values = ours[0],
          .ceilings = naive[0],
          .ceiling_name = many ? "naive batch64" : "naive100",
          .bar = many ? ">= 2.0M/s" : ">= 1.0M/s and >= 0.6 x naive100"};
  row.met = many ? row.value() >= 2e6 : row.value() >= 1e6 && row.ratio() >= 0.6;
  char note[128];
  std::snprintf(note, sizeof note, "CPU s per 10,000: %.5f, naive %.5f; a hook is on", median(ours[1]),
                median(naive[1]));
  row.note = note;
  report.add(row);
  report.load(r.foreign);
}

void latencies(const Run& run, Report& report) {
  const std::size_t n = run.size(3'000, 50);
  const Rounds r =
      run.interleave({{"naive", [=] { return naive_latency(n); }}, {"ours", [=] { return our_latency(n); }}});
  const Columns &naive = r.sides[0], &ours = r.sides[1];
  Row p50{.id = "M4",
          .what = "closure, submit to run, idle, p50",
          .unit = "us",
          .values = ours[0],
          .ceilings = naive[0],
          .ceiling_name = "naive100",
          .bar = "<= naive + 3 us"};
  p50.met = p50.value() <= p50.ceiling() + 3;
  Row p99{.id = "M4",
          .what = "closure, submit to run, idle, p99",
          .unit = "us",
          .values = ours[1],
          .ceilings = naive[1],
          .ceiling_name = "naive100",
          .bar = "<= 2 x naive"};
  p99.met = p99.ratio() <= 2;
  report.add(p50);
  report.add(p99);
  report.load(r.foreign);
}

void durables(const Run& run, Report& report) {
  const std::size_t n = run.size(300'000, 1'000);
  const Rounds r = run.interleave({{"ours", [=] { return whole_life_here(on_memory(), n); }}});
  Row row{.id = "M3",
          .what = "durable tasks on the memory backend, whole life",
          .unit = "tasks/s",
          .values = r.sides[0][0],
          .bar = ">= 400k/s"};
  row.met = row.value() >= 400e3;
  report.add(row);
  report.load(r.foreign);
}

void measure(const Run& run, Report& report) {
  if (run.wants("M1")) closures(run, report, false);
  if (run.wants("M2")) closures(run, report, true);
  if (run.wants("M3")) durables(run, report);
  if (run.wants("M4")) latencies(run, report);
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) { return penstock::bench::run_area(argc, argv, "memory", penstock::bench::measure); }
