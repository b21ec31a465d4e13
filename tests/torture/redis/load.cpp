#include "torture/redis/load.hpp"

#include <csignal>
#include <optional>
#include <sys/prctl.h>

#include <penstock/penstock.hpp>

#include "torture/child.hpp"
#include "torture/redis/policy.hpp"
#include "torture/shared.hpp"
#include "torture/tasks.hpp"

namespace penstock::torture {
namespace {

void look_on(TaskManager& tasks, Load& load) {
  tasks.handle(kLoadPolicy, [&load](Context& ctx) {
    const int number = number_of(ctx.task().id);
    Load::Task& task = load.task(number);
    if (ctx.payload() != body_of(number)) ++load.wrong_payloads;
    if (!task.start(ctx.task().epoch)) ++load.started_twice;
    ++load.starts;
    if (number % 16 == 0 && task.starts == 1) throw std::runtime_error("the first time it fails");
  });
  Hooks hooks;
  hooks.on_finish = [&load](const TaskEvent& e) {
    Load::Task& task = load.task(number_of(e.key.id));
    ++task.ends;
    load.ends_of[task.queue].add();
    load.ends.add();
  };
  hooks.on_lost = [&load](const TaskEvent&) { ++load.lost; };
  tasks.add_hooks(std::move(hooks));
}

penstock::Options worker_options(const Load& load) {
  penstock::Options o = load_options(load.place);
  o.threads = 2;
  o.lease = kLoadLease;
  o.max_crashes = 1'000'000;  // here processes die of other things than their tasks
  return o;
}

// Only at its start does a worker need somebody who tries again.
std::optional<TaskManager> open_manager(Load& load) {
  while (!load.stop.raised()) {
    try {
      return TaskManager::open(worker_options(load));
    } catch (const Exception& e) {
      if (!e.error().retryable) throw;
      load.complain(std::string("a worker's start: ") + e.what());
    }
  }
  return std::nullopt;
}

}  // namespace

bool Load::Task::start(std::uint64_t epoch) {
  ++starts;
  for (auto& slot : epochs) {
    std::uint64_t there = 0;
    if (slot.compare_exchange_strong(there, epoch)) return true;
    if (there == epoch) return false;
  }
  return true;  // more than are kept
}

int be_load_worker(const std::string& path) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const Shared<Load> load(Shared<Load>::As::found, path);
  try {
    std::optional<TaskManager> tasks = open_manager(*load);
    if (!tasks) return 0;
    look_on(*tasks, *load);
    tasks->start();
    load->stop.wait();
    alarm(kStuckAfter);
    if (!tasks->stop_graceful(std::chrono::seconds(20))) throw std::runtime_error("a worker did not stop");
    return 0;
  } catch (const std::exception& e) {
    load->complain(e.what());
    return 1;
  }
}

}  // namespace penstock::torture
