#include "torture/manager_victim.hpp"

#include <algorithm>
#include <random>
#include <vector>

#include <penstock/penstock.hpp>

#include "torture/child.hpp"
#include "torture/shared.hpp"
#include "torture/shared_clock.hpp"
#include "torture/tasks.hpp"

namespace penstock::torture {
namespace {

constexpr Policy kPolicy{.kind = "work"};

// What every start and end leaves in the scene, and where the victim dies.
void look_on(TaskManager& tasks, Scene& scene) {
  const auto dies = [&scene](Moment when, int count) {
    if (scene.moment == when && static_cast<std::uint64_t>(count) == scene.at) kill(getpid(), SIGKILL);
  };
  tasks.handle(kPolicy, [&scene, dies](Context& ctx) {
    const int number = number_of(ctx.task().id);
    if (ctx.payload() != body_of(number)) ++scene.wrong_payloads;
    ++scene.tasks[static_cast<std::size_t>(number)].starts;
    dies(Moment::mid, ++scene.starts_in_all);
  });
  Hooks hooks;
  hooks.on_finish = [&scene, dies](const TaskEvent& e) {
    ++scene.tasks[static_cast<std::size_t>(number_of(e.key.id))].acks;
    dies(Moment::after_ack, ++scene.acks_in_all);
  };
  hooks.on_lost = [&scene](const TaskEvent&) { ++scene.lost; };
  tasks.add_hooks(std::move(hooks));
}

void put_some(TaskManager& tasks, Scene& scene, std::mt19937_64& random) {
  const auto count = static_cast<int>(1 + random() % 20);
  const int first = scene.next.fetch_add(count);
  const auto queue = static_cast<std::uint8_t>(random() % kQueues.size());
  std::vector<Draft> drafts;
  std::vector<TaskId> ids;
  for (int i = first; i < first + count; ++i) {
    Scene::Task& task = scene.tasks[static_cast<std::size_t>(i)];
    task.queue = queue;
    task.sent = 1;
    drafts.push_back({kPolicy, body_of(i), ""});
    ids.push_back(id_of(i));
  }
  EnqueueOptions options;
  options.queue = std::string(kQueues[queue]);
  const std::vector<Enqueued> answers = tasks.enqueue_drafts(std::move(drafts), options, ids);
  if (scene.moment == Moment::after_put && static_cast<std::uint64_t>(++scene.puts_in_all) == scene.at)
    kill(getpid(), SIGKILL);
  for (int i = 0; i < count; ++i) {
    const Enqueued& e = answers[static_cast<std::size_t>(i)];
    if (!e.created())
      throw std::runtime_error("an enqueue without a fault: " + (e.error ? e.error->message : "refused"));
    scene.tasks[static_cast<std::size_t>(first + i)].accepted = 1;
  }
}

penstock::Options manager_options(Scene& scene, Clock& clock, const VictimStore& store) {
  penstock::Options o;
  o.threads = 3;
  o.log_level = Level::error;
  o.lease = Millis(2000);
  o.max_crashes = 1'000'000;  // here processes die of other things than their tasks
  o.clock = &clock;
  o.queues = {{std::string(kQueues[0]), 3}, {std::string(kQueues[1]), 2}, {std::string(kQueues[2]), 1}};
  store.choose(scene, o);
  return o;
}

void work(Scene& scene, const VictimStore& store) {
  if (scene.moment == Moment::any && !scene.drain) kill_me_in(scene.at);
  if (!scene.drain) store.arm(scene.moment, scene.at);
  SharedClock clock(scene.clock);
  TaskManager tasks = TaskManager::open(manager_options(scene, clock, store));
  look_on(tasks, scene);
  if (scene.drain) {
    if (tasks.drain() != 0) throw std::runtime_error("drain() left something behind");
    return;
  }
  tasks.start();
  std::mt19937_64 random(scene.seed);
  while (scene.next < kMostTasks - 20) put_some(tasks, scene, random);
}

}  // namespace

int be_manager_victim(const std::string& path, const VictimStore& store) {
  alarm(kStuckAfter);
  const Shared<Scene> scene(Shared<Scene>::As::found, path);
  try {
    work(*scene, store);
    return 0;
  } catch (const std::exception& e) {
    scene->complaint.say(e.what());
    return 1;
  }
}

}  // namespace penstock::torture
