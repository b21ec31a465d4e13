#include "torture/redis/load.hpp"

#include <stdexcept>

#include <penstock/penstock.hpp>

#include "torture/redis/policy.hpp"
#include "torture/shared.hpp"
#include "torture/tasks.hpp"
#include "torture/worker_life.hpp"

namespace penstock::torture {
namespace {

void look_on(TaskManager& tasks, Load& load) {
  tasks.handle(kLoadPolicy, [&load](Context& ctx) {
    const int number = number_of(ctx.task().id);
    Load::Task& task = load.task(number);
    if (ctx.payload() != body_of(number)) ++load.wrong_payloads;
    ++task.starts;
    if (!task.epochs.add(ctx.task().epoch)) ++load.started_twice;
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

}  // namespace

int be_load_worker(const std::string& path) {
  const Shared<Load> load(Shared<Load>::As::found, path);
  return live_as_worker(worker_options(*load), load->stop, load->complaint,
                        [&](TaskManager& tasks) { look_on(tasks, *load); });
}

}  // namespace penstock::torture
