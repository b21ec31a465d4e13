// S4: what a lease costs with many tasks waiting, against 1,000.
#include <cstdlib>

#include "bench/ceilings/same_statements.hpp"
#include "bench/lib/claims.hpp"
#include "bench/lib/clock.hpp"
#include "bench/lib/tasks.hpp"
#include "bench/sqlite/areas.hpp"
#include "torture/folder.hpp"

namespace penstock::bench {
namespace {

using torture::Scratch;
constexpr std::size_t kShallow = 1'000;

// Adds tasks of four priorities, as the claims leave them.
void fill(TaskManager& tasks, std::size_t count) {
  std::vector<Job> jobs;
  for (std::size_t at = 0; at < count; at += jobs.size()) {
    for (const int priority : {0, 1, 2, 3}) {
      jobs.resize(std::min(kBulk / 4, count - at));
      for (const Enqueued& e : tasks.enqueue_many(jobs, {.priority = priority})) {
        if (!e.created()) throw std::runtime_error("an enqueue was refused");
      }
      if (priority < 3) at += jobs.size();
    }
  }
}

Series ours(const std::string& path, std::size_t claims) {
  TaskManager tasks = TaskManager::open(on_sqlite(path, false));
  return {claim_cost(tasks, claims, [&] { fill(tasks, kBulk); })};
}

// The same, without the runtime.
Series same_statements(const std::string& path, std::size_t claims) {
  const std::string body = stored_body();
  SameStatements store(path, false);
  std::int64_t spent = 0;
  std::size_t claimed = 0;
  for (std::size_t i = 0; i < claims; ++i) {
    const std::int64_t start = now_ns();
    store.transaction([&] { claimed += store.claim(kBulk); });
    spent += now_ns() - start;
    store.transaction([&] { store.settle(); });
    for (const int priority : {0, 1, 2, 3}) {
      store.transaction([&] {
        for (std::size_t k = 0; k < kBulk / 4; ++k) store.add(make_task_id(), body, priority);
      });
    }
  }
  if (claimed != claims * kBulk) throw std::runtime_error("ceiling: a claim came back short");
  return {double(spent) / double(claimed) / 1e3};
}

std::size_t waiting(const Run& run) {
  const char* asked = std::getenv("PENSTOCK_BENCH_WAITING");
  return asked ? std::strtoull(asked, nullptr, 10) : run.size(1'000'000, 4'000);
}

}  // namespace

void depth(const Run& run, Report& report) {
  const std::size_t many = waiting(run), claims = run.size(100, 3);
  const Scratch scratch(Scratch::On::disk);
  const std::string deep = scratch.fresh("deep") + "/tasks.db", shallow = scratch.fresh("shallow") + "/tasks.db";
  for (const auto& [path, count] : {std::pair(deep, many), std::pair(shallow, kShallow)}) {
    in_child([path = path, count = count] {
      TaskManager tasks = TaskManager::open(on_sqlite(path, false));
      fill(tasks, count);
      return Series{};
    });
  }
  const Rounds r = run.interleave({{"raw, shallow", [=] { return same_statements(shallow, claims); }},
                                   {"raw, deep", [=] { return same_statements(deep, claims); }},
                                   {"ours, shallow", [=] { return ours(shallow, claims); }},
                                   {"ours, deep", [=] { return ours(deep, claims); }}});
  const Series raw_ratio = ratios(r.sides[1][0], r.sides[0][0]), our_ratio = ratios(r.sides[3][0], r.sides[2][0]);
  Row row{.id = "S4",
          .what = "lease cost, " + std::to_string(many) + " waiting against 1,000",
          .unit = "x",
          .values = our_ratio,
          .ceilings = raw_ratio,
          .ceiling_name = "the same statements",
          .bar = "<= 2 x (with 10,000,000)"};
  row.met = row.value() <= 2;
  char note[200];
  std::snprintf(
      note, sizeof note,
      "per task: ours %.2f us shallow, %.2f deep; raw %.2f, %.2f; 8 MiB of page cache; PENSTOCK_BENCH_WAITING "
      "sets how many wait (%zu)",
      median(r.sides[2][0]), median(r.sides[3][0]), median(r.sides[0][0]), median(r.sides[1][0]), many);
  row.note = note;
  report.add(row);
  report.load(r.foreign);
}

}  // namespace penstock::bench
