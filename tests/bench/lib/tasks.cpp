#include "bench/lib/tasks.hpp"

#include <stdexcept>

#include "bench/lib/child.hpp"

namespace penstock::bench {
namespace {

Options common() {
  Options o;
  o.threads = 2;
  o.batch = kBulk;
  o.log_level = Level::warn;
  return o;
}

}  // namespace

Options on_memory() {
  Options o = common();
  o.backend = {.use = "memory", .settings = {{"remember", "10m"}}};
  return o;
}

// Ended ids are remembered for longer than a run lasts, so that all of them can be looked up at its end.
Options on_sqlite(const std::string& path, bool power) {
  Options o = common();
  o.backend = {.use = "sqlite",
               .settings = {{"path", path}, {"durability", power ? "power" : "process"}, {"remember", "10m"}}};
  return o;
}

Options on_redis(const std::string& url) {
  Options o = common();
  o.backend = {.use = "redis", .settings = {{"url", url}, {"remember", "10m"}}};
  return o;
}

std::vector<TaskRef> send(TaskManager& tasks, std::size_t first, std::size_t count) {
  std::vector<TaskRef> refs;
  refs.reserve(count);
  std::vector<Job> jobs;
  for (std::size_t at = 0; at < count; at += jobs.size()) {
    jobs.resize(std::min(kBulk, count - at));
    for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].index = first + at + i;
    for (Enqueued& e : tasks.enqueue_many(jobs)) {
      if (!e.created()) throw std::runtime_error("an enqueue was refused: " + (e.error ? e.error->message : "exists"));
      refs.push_back(std::move(e.ref));
    }
  }
  return refs;
}

void verify_in_store(TaskManager& tasks, const std::vector<TaskRef>& refs) {
  std::size_t good = 0;
  for (const auto& info : tasks.info(refs)) good += info && info->status == Status::succeeded;
  if (good != refs.size()) {
    throw std::runtime_error("the store knows " + std::to_string(good) + " of " + std::to_string(refs.size()) +
                             " tasks as succeeded");
  }
  verify_nothing_left(tasks);
}

void verify_nothing_left(TaskManager& tasks) {
  for (const Counts& c : tasks.counts()) {
    for (State s : {State::held, State::scheduled, State::ready, State::leased}) {
      const auto left = c.by_state[static_cast<std::size_t>(s)];
      if (left > 0) throw std::runtime_error(std::to_string(left) + " tasks are left in queue " + c.queue);
    }
  }
  if (const auto errors = tasks.metrics().exchange_errors) {
    throw std::runtime_error(std::to_string(errors) + " exchanges failed");
  }
}

std::string stored_body() {
  TaskManager tasks = TaskManager::open(on_memory());
  const TaskRef ref = tasks.enqueue(Job{.index = 123'456});
  const TaskKey key = ref.key();
  auto records = tasks.backend().get({&key, 1});
  if (!records || !records->at(0)) throw std::runtime_error("a task that was enqueued is not there");
  return records->at(0)->body;
}

std::size_t stored_size() {
  return static_cast<std::size_t>(in_child([] { return Series{double(stored_body().size())}; })[0]);
}

}  // namespace penstock::bench
