// F1 to F3: what flow control costs, whole life through the runtime, and in a claim.
#include <array>
#include <cstdio>

#include "bench/flow/jobs.hpp"
#include "bench/lib/claims.hpp"
#include "bench/lib/clock.hpp"
#include "bench/lib/report.hpp"
#include "torture/folder.hpp"

namespace penstock::bench {
namespace {

using torture::Scratch;

constexpr std::size_t kKeys = 100'000;

enum class Store { memory, normal, full };
constexpr std::array kStores{Store::memory, Store::normal, Store::full};
const char* name(Store s) {
  return s == Store::memory ? "memory" : s == Store::normal ? "SQLite NORMAL" : "SQLite FULL";
}

Options on(Store store, const Scratch& scratch) {
  return store == Store::memory ? on_memory() : on_sqlite(scratch.fresh("flow") + "/tasks.db", store == Store::full);
}

// The i-th task's key: all of them in an order without a pattern, again and again.
std::uint64_t key_of(std::size_t i, std::size_t keys) { return i * 61'803 % keys; }

template <Flow F>
void send(TaskManager& tasks, std::size_t first, std::size_t count, std::size_t keys) {
  std::vector<FlowJob<F>> jobs;
  for (std::size_t at = 0; at < count; at += jobs.size()) {
    jobs.resize(std::min(kBulk, count - at));
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      jobs[i].index = first + at + i;
      jobs[i].key = key_of(first + at + i, keys);
    }
    for (const Enqueued& e : tasks.enqueue_many(jobs)) {
      if (!e.created()) throw std::runtime_error("an enqueue was refused");
    }
  }
}

struct Load {
  std::size_t tasks = 0, keys = 1;
  bool queue_limit = false;
};

// Tasks per second of a whole life, with a bulk producer beside the worker; CPU seconds per 10,000.
template <Flow F>
Series whole_life(Store store, const Load& load) {
  const Scratch scratch(Scratch::On::disk);
  Options options = on(store, scratch);
  if (load.queue_limit) options.limits[kQueue] = kWide;
  Ran ran(load.tasks);
  TaskManager tasks = TaskManager::open(options);
  tasks.handle<FlowJob<F>>([&ran](const FlowJob<F>& job) { ran.mark(job.index); });
  tasks.add_hooks({.on_finish = [&ran](const TaskEvent&) { ran.end(); }});
  tasks.start();
  const Stopwatch watch;
  send<F>(tasks, 0, load.tasks, load.keys);
  ran.wait();
  const double n = double(load.tasks);
  Series out{n / watch.seconds(), watch.cpu() / n * 1e4};
  ran.verify();
  verify_nothing_left(tasks);
  tasks.stop_graceful(Millis(10'000));
  return out;
}

void compare(const Run& run, Report& report, Row row, const Measurement& without, const Measurement& with,
             double least) {
  const Rounds r = run.interleave({{"without", without}, {"with", with}});
  const Columns &plain = r.sides[0], &ours = r.sides[1];
  row.unit = "tasks/s";
  row.values = ours[0];
  row.ceilings = plain[0];
  row.met = row.ratio() >= least;
  char note[128];
  std::snprintf(note, sizeof note, "CPU s per 10,000: %.4f, without %.4f (x %.2f)", median(ours[1]), median(plain[1]),
                median(ratios(ours[1], plain[1])));
  row.note = note;
  report.add(row);
  report.load(r.foreign);
}

void limits(const Run& run, Report& report, Store store) {
  const std::size_t n = run.size(200'000, 1'000);
  const Measurement plain = [=] { return whole_life<Flow::plain>(store, {n}); };
  const Row row{.id = "F1", .what = {}, .unit = {}, .ceiling_name = "no limit", .bar = ">= 0.95 x without"};
  auto named = [&](const char* what) {
    Row out = row;
    out.what = std::string("a limit that does not bind, ") + what + ", " + name(store);
    return out;
  };
  compare(
      run, report, named("of the queue"), plain,
      [=] { return whole_life<Flow::plain>(store, {.tasks = n, .queue_limit = true}); }, 0.95);
  compare(
      run, report, named("of a gate"), plain, [=] { return whole_life<Flow::gated>(store, {n}); }, 0.95);
}

void many_keys(const Run& run, Report& report, Store store) {
  const std::size_t n = run.size(200'000, 1'000), keys = run.size(kKeys, 500);
  const Row row{.id = "F2",
                .what = "fair turns of " + std::to_string(keys) + " keys, whole life, " + name(store),
                .unit = {},
                .ceiling_name = "no keys",
                .bar = ">= 0.6 x without"};
  compare(
      run, report, row, [=] { return whole_life<Flow::plain>(store, {n}); },
      [=] {
        return whole_life<Flow::fair>(store, {n, keys});
      },
      0.6);
}

// Of claims among waiting tasks of so many keys.
Series cost_among(Store kind, std::size_t keys, std::size_t waiting, std::size_t claims) {
  const Scratch scratch(Scratch::On::disk);
  TaskManager tasks = TaskManager::open(on(kind, scratch));
  send<Flow::fair>(tasks, 0, waiting, keys);
  std::size_t sent = waiting;
  return {claim_cost(tasks, claims, [&] {
    send<Flow::fair>(tasks, sent, kBulk, keys);
    sent += kBulk;
  })};
}

void claims(const Run& run, Report& report, Store store) {
  const std::size_t waiting = run.size(200'000, 1'000), n = run.size(200, 2), keys = run.size(kKeys, 500);
  const Rounds r = run.interleave({{"10 keys", [=] { return cost_among(store, 10, waiting, n); }},
                                   {"many keys", [=] { return cost_among(store, keys, waiting, n); }}});
  Row row{.id = "F3",
          .what = "claim cost among " + std::to_string(keys) + " keys against 10, " + name(store),
          .unit = "us/task",
          .values = r.sides[1][0],
          .ceilings = r.sides[0][0],
          .ceiling_name = "10 keys",
          .bar = "<= 1.5 x"};
  row.met = row.ratio() <= 1.5;
  report.add(row);
  report.load(r.foreign);
}

void measure(const Run& run, Report& report) {
  for (const Store store : kStores) {
    if (run.wants("F1")) limits(run, report, store);
    if (run.wants("F2")) many_keys(run, report, store);
    if (run.wants("F3") && store != Store::full) claims(run, report, store);
  }
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) { return penstock::bench::run_area(argc, argv, "flow", penstock::bench::measure); }
