#include "bench/lib/whole_life.hpp"

#include <memory>

#include "bench/lib/child.hpp"
#include "bench/lib/clock.hpp"
#include "bench/lib/shared_ran.hpp"

namespace penstock::bench {
namespace {

// Works until it is told to stop; the CPU that it used until then.
Series worker(const Options& options, SharedRan& ran, Semaphore& ready, const Semaphore& stop) {
  TaskManager tasks = TaskManager::open(options);
  work(tasks, ran);
  tasks.start();
  ready.post();
  const Stopwatch watch;
  stop.wait();
  const double cpu = watch.cpu();
  tasks.stop_graceful(Millis(10'000));
  return {cpu};
}

// When it began, and the CPU that it used.
Series producer(const Options& options, std::size_t count) {
  TaskManager tasks = TaskManager::open(options);
  const std::int64_t start = now_ns();
  const Stopwatch watch;
  send(tasks, 0, count);
  return {double(start), watch.cpu()};
}

}  // namespace

Series whole_life_here(const Options& options, std::size_t count) {
  Ran ran(count);
  TaskManager tasks = TaskManager::open(options);
  work(tasks, ran);
  tasks.start();
  const Stopwatch watch;
  const std::vector<TaskRef> refs = send(tasks, 0, count);
  ran.wait();
  Series out = throughput(count, watch.seconds(), watch.cpu());
  ran.verify();
  verify_in_store(tasks, refs);
  tasks.stop_graceful(Millis(10'000));
  return out;
}

Series whole_life_apart(const Options& options, std::size_t count, std::size_t workers) {
  SharedRan ran(count);
  Semaphore ready, stop;
  std::vector<std::unique_ptr<Child>> crew;
  for (std::size_t i = 0; i < workers; ++i)
    crew.push_back(std::make_unique<Child>([&] { return worker(options, ran, ready, stop); }));
  for (std::size_t i = 0; i < workers; ++i) ready.wait();
  const Series produced = in_child([&] { return producer(options, count); });
  const double seconds = (double(ran.wait()) - produced[0]) / 1e9;
  stop.post(workers);
  double cpu = produced[1];
  for (const auto& child : crew) cpu += child->finish()[0];
  ran.verify();
  in_child([&] {
    TaskManager tasks = TaskManager::open(options);
    verify_nothing_left(tasks);
    return Series{};
  });
  return throughput(count, seconds, cpu);
}

}  // namespace penstock::bench
