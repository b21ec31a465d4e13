#include "torture/manager_lives.hpp"

#include <iostream>
#include <utility>

#include "torture/child.hpp"
#include "torture/tasks.hpp"

namespace penstock::torture {

void ManagerTally::print(const std::string& title, std::uint64_t all) const {
  std::cout << title << ": " << all << " kills of a manager (";
  const char* comma = "";
  for (std::size_t i = 0; i < std::size(kMoments); ++i) {
    if (kills[i] > 0) std::cout << std::exchange(comma, ", ") << kills[i] << " " << kMoments[i];
  }
  std::cout << "); " << accepted << " tasks accepted, " << unknown_done << " more done that had no answer, " << runs
            << " runs, " << again << " of them again\n";
}

ManagerLives::ManagerLives(const Scratch& scratch, JudgedStore store, std::uint64_t seed, ManagerTally& tally,
                           Verdict& verdict)
    : store_(std::move(store)),
      scene_path_(scratch.fresh("scene") + "/scene"),
      scene_(Shared<Scene>::As::made, scene_path_),
      clock_(scene_->clock),
      random_(seed),
      tally_(tally),
      verdict_(verdict) {
  store_.where.copy(scene_->where.data(), scene_->where.size() - 1);
  store_.which.copy(scene_->which.data(), scene_->which.size() - 1);
  scene_->next = 1;
}

void ManagerLives::run(int kills) {
  for (int i = 0; i < kills; ++i) {
    if (!live()) continue;
    store_.inspect();
    clock_.advance(Millis(2'001));  // the leases of the dead are over
  }
  scene_->drain = true;
  live();
  count_up();
}

// One manager, until it is killed or done. False: it was killed before there was anything.
bool ManagerLives::live() {
  scene_->moment = store_.moments[random_() % store_.moments.size()];
  const bool timed = scene_->moment == Moment::any;
  scene_->at = 1 + random_() % (timed ? std::uint64_t{2000} << random_() % 6 : 300);
  if (scene_->moment == Moment::after_put) scene_->at = 1 + random_() % 30;
  if (scene_->drain) scene_->at = 0;  // never
  scene_->seed = random_();
  scene_->starts_in_all = scene_->acks_in_all = scene_->puts_in_all = 0;
  for (std::size_t i = 0; i < before_.size(); ++i) before_[i] = scene_->tasks[i].starts;
  const End end = Child({"--victim", scene_path_}).wait();
  if (!(scene_->drain ? end.well() : end.killed()))
    throw Violation(Harm::stuck, "the victim " + end.text() + ": " + scene_->complaint.text());
  if (!scene_->drain) ++tally_.kills[static_cast<std::size_t>(scene_->moment)], ++verdict_.faults;
  check_starts();
  return store_.is_there();
}

// In one life, on a clock that stands still, nothing starts twice, nor after it was seen to end.
void ManagerLives::check_starts() {
  for (int i = 1; i < scene_->next; ++i) {
    const Scene::Task& task = scene_->tasks[static_cast<std::size_t>(i)];
    const int started = task.starts - before_[static_cast<std::size_t>(i)];
    if (started > 1 || (started == 1 && acked_[static_cast<std::size_t>(i)]) || task.acks > 1)
      throw Violation(Harm::duplicate, "task " + std::to_string(i) + " ran or was acknowledged twice without a reason");
    acked_[static_cast<std::size_t>(i)] = task.acks > 0;
  }
  if (scene_->lost > 0) throw Violation(Harm::duplicate, "a lease was lost, though nothing lapsed");
  if (scene_->wrong_payloads > 0) throw Violation(Harm::corrupt, "a payload came back changed");
}

void ManagerLives::count_up() {
  ClockHost host(clock_);
  const auto store = store_.open(host);
  std::vector<int> tasks;
  for (int i = 1; i < scene_->next; ++i) {
    tasks.push_back(i);
    if (tasks.size() == 256 || i + 1 == scene_->next) count_up(*store, std::exchange(tasks, {}));
  }
  const auto counts = store->counts();
  if (!counts) throw Violation(Harm::stuck, "counts: " + counts.error().message);
  for (const Counts& c : *counts) {
    for (const State s : {State::held, State::scheduled, State::ready, State::leased}) {
      if (c.by_state[static_cast<std::size_t>(s)] > 0) throw Violation(Harm::stuck, "not all is done in " + c.queue);
    }
  }
  check_audit(*store);
}

void ManagerLives::count_up(DurableBackend& store, std::span<const int> tasks) {
  std::vector<TaskKey> keys;
  for (const int i : tasks) keys.push_back({kQueues[scene_->tasks[static_cast<std::size_t>(i)].queue], id_of(i)});
  const auto records = store.get(keys);
  if (!records) throw Violation(Harm::stuck, "get: " + records.error().message);
  for (std::size_t k = 0; k < tasks.size(); ++k) {
    const Scene::Task& task = scene_->tasks[static_cast<std::size_t>(tasks[k])];
    const std::optional<Record>& record = records->at(k);
    const std::string name = "task " + std::to_string(tasks[k]);
    if (task.accepted && !record) throw Violation(Harm::lost, name + " was accepted, and is not there");
    if (record && !task.sent) throw Violation(Harm::corrupt, name + " is there, and nobody sent it");
    if (record && record->state != State::succeeded) throw Violation(Harm::stuck, name + " has not succeeded");
    if (record && task.starts == 0) throw Violation(Harm::lost, name + " has succeeded, and never ran");
    tally_.accepted += task.accepted;
    tally_.runs += task.starts;
    tally_.again += task.starts > 1 ? static_cast<unsigned>(task.starts - 1) : 0;
    tally_.unknown_done += record && !task.accepted;
  }
}

}  // namespace penstock::torture
