// B1, B2: what the boundary of a module costs: the same backend linked in and loaded, and the loading itself.
#include <cstdio>
#include <stdexcept>

#include "bench/lib/clock.hpp"
#include "bench/lib/report.hpp"
#include "bench/lib/tasks.hpp"
#include "plugins/module.hpp"

extern "C" const penstock::PluginDescriptor* PENSTOCK_PLUGIN_SYMBOL(memory)() noexcept;
extern "C" const penstock::PluginDescriptor* PENSTOCK_PLUGIN_SYMBOL(json)() noexcept;

namespace penstock::bench {
namespace {

Options with_plugins(bool linked_in) {
  Options o = on_memory();
  if (linked_in) {
    o.plugins = {PENSTOCK_PLUGIN_SYMBOL(memory), PENSTOCK_PLUGIN_SYMBOL(json)};
  } else {
    o.plugin_path = {PENSTOCK_BENCH_MODULES};
  }
  return o;
}

// Tasks per second.
Series whole_life(std::size_t count, bool linked_in) {
  Ran ran(count);
  TaskManager tasks = TaskManager::open(with_plugins(linked_in));
  work(tasks, ran);
  tasks.start();
  const Stopwatch watch;
  const std::vector<TaskRef> refs = send(tasks, 0, count);
  ran.wait();
  Series out = {double(count) / watch.seconds()};
  ran.verify();
  verify_in_store(tasks, refs);
  tasks.stop_graceful(Millis(10'000));
  return out;
}

// Milliseconds, in a process that has not opened it before.
Series opening(const std::string& name) {
  const std::string path = std::string(PENSTOCK_BENCH_MODULES "/") + plugins::file_of_plugin(name);
  const Stopwatch watch;
  auto opened = plugins::open_module(path);
  const double ms = watch.seconds() * 1e3;
  if (!opened) throw std::runtime_error(opened.error().message);
  return {ms};
}

void throughput(const Run& run, Report& report) {
  const std::size_t n = run.size(300'000, 1'000);
  const Rounds r = run.interleave(
      {{"linked in", [=] { return whole_life(n, true); }}, {"module", [=] { return whole_life(n, false); }}});
  Row row{.id = "B1",
          .what = "durable tasks on the memory backend, whole life, as a module",
          .unit = "tasks/s",
          .values = r.sides[1][0],
          .ceilings = r.sides[0][0],
          .ceiling_name = "linked in",
          .bar = ">= 0.98 x linked in"};
  row.met = row.ratio() >= 0.98;
  report.add(row);
  report.load(r.foreign);
}

void openings(const Run& run, Report& report) {
  for (const char* name : {"memory", "json"}) {
    const Rounds r = run.interleave({{name, [=] { return opening(name); }}});
    Row row{.id = "B2",
            .what = std::string("opening the module of ") + name,
            .unit = "ms",
            .values = r.sides[0][0],
            .bar = "< 5 ms"};
    row.met = row.value() < 5;
    report.add(row);
    report.load(r.foreign);
  }
}

void measure(const Run& run, Report& report) {
  if (run.wants("B1")) throughput(run, report);
  if (run.wants("B2")) openings(run, report);
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) { return penstock::bench::run_area(argc, argv, "boundary", penstock::bench::measure); }
