#include "bench/sqlite/lease_cost.hpp"

#include "bench/ceilings/same_statements.hpp"
#include "bench/lib/child.hpp"
#include "bench/lib/claims.hpp"
#include "bench/lib/clock.hpp"

namespace penstock::bench {
namespace {

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

}  // namespace

void fill(const std::string& path, std::size_t count) {
  in_child([&] {
    TaskManager tasks = TaskManager::open(on_sqlite(path, false));
    fill(tasks, count);
    return Series{};
  });
}

Series lease_cost(const std::string& path, std::size_t claims) {
  TaskManager tasks = TaskManager::open(on_sqlite(path, false));
  return {claim_cost(tasks, claims, [&] { fill(tasks, kBulk); })};
}

Series raw_lease_cost(const std::string& path, std::size_t claims) {
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

}  // namespace penstock::bench
