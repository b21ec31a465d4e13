// Kills whole task managers on a SQLite file: at any moment, in a handler (row W1), after an ack has been
// committed (W2), after an enqueue. Every task that was accepted must run to its end, be acknowledged at
// most once, and run again only where a process died in it.
#include <cstring>
#include <iostream>
#include <random>
#include <vector>

#include "torture/child.hpp"
#include "torture/folder.hpp"
#include "torture/manager_victim.hpp"
#include "torture/options.hpp"
#include "torture/raw_sqlite.hpp"
#include "torture/shared.hpp"
#include "torture/shared_clock.hpp"
#include "torture/tasks.hpp"
#include "torture/verdict.hpp"

namespace penstock::torture {
namespace {

constexpr int kKillsPerFile = 10;

struct Tally {
  std::array<std::uint64_t, std::size(kMoments)> kills{};
  std::uint64_t accepted = 0, runs = 0, again = 0, unknown_done = 0;
};

// One file, from its creation until it is drained.
class File {
 public:
  File(const Scratch& scratch, bool power, std::uint64_t seed, Tally& tally, Verdict& verdict)
      : scene_path_(scratch.fresh("scene") + "/scene"),
        scene_(Shared<Scene>::As::made, scene_path_),
        clock_(scene_->clock),
        random_(seed),
        tally_(tally),
        verdict_(verdict) {
    place_ = {scratch.fresh("file"), "", power ? "power" : "process"};
    place_.folder.copy(scene_->folder.data(), scene_->folder.size() - 1);
    scene_->power = power;
    scene_->next = 1;
  }

  void run() {
    for (int i = 0; i < kKillsPerFile; ++i) {
      if (!live()) continue;
      const std::string state = Raw(place_.file()).integrity();
      if (state != "ok") throw Violation(Harm::corrupt, "integrity_check: " + state);
      clock_.advance(Millis(2'001));  // the leases of the dead are over
    }
    scene_->drain = true;
    live();
    count_up();
  }

 private:
  // One manager, until it is killed or done. False: it was killed before there was anything.
  bool live() {
    scene_->moment = static_cast<Moment>(random_() % std::size(kMoments));
    const bool timed = scene_->moment == Moment::any;
    scene_->at = 1 + random_() % (timed ? std::uint64_t{2000} << random_() % 6 : 300);
    if (scene_->moment == Moment::after_put) scene_->at = 1 + random_() % 30;
    if (scene_->drain) scene_->at = 0;  // never
    scene_->seed = random_();
    scene_->starts_in_all = scene_->acks_in_all = scene_->puts_in_all = 0;
    for (std::size_t i = 0; i < before_.size(); ++i) before_[i] = scene_->tasks[i].starts;
    const End end = Child({"--victim", scene_path_}).wait();
    if (!(scene_->drain ? end.well() : end.killed()))
      throw Violation(Harm::stuck, "the victim " + end.text() + ": " + scene_->complaint.data());
    if (!scene_->drain) ++tally_.kills[static_cast<std::size_t>(scene_->moment)], ++verdict_.faults;
    check_starts();
    return fs::exists(place_.file()) && fs::file_size(place_.file()) > 0;
  }

  // In one life, on a clock that stands still, nothing starts twice, nor after it was seen to end.
  void check_starts() {
    for (int i = 1; i < scene_->next; ++i) {
      const Scene::Task& task = scene_->tasks[static_cast<std::size_t>(i)];
      const int started = task.starts - before_[static_cast<std::size_t>(i)];
      if (started > 1 || (started == 1 && acked_[static_cast<std::size_t>(i)]) || task.acks > 1)
        throw Violation(Harm::duplicate,
                        "task " + std::to_string(i) + " ran or was acknowledged twice without a reason");
      acked_[static_cast<std::size_t>(i)] = task.acks > 0;
    }
    if (scene_->lost > 0) throw Violation(Harm::duplicate, "a lease was lost, though nothing lapsed");
    if (scene_->wrong_payloads > 0) throw Violation(Harm::corrupt, "a payload came back changed");
  }

  void count_up() {
    ClockHost host(clock_);
    const auto store = open_store(place_, host);
    for (int i = 1; i < scene_->next; ++i) {
      const Scene::Task& task = scene_->tasks[static_cast<std::size_t>(i)];
      const TaskKey key{kQueues[task.queue], id_of(i)};
      const auto records = store->get({&key, 1});
      if (!records) throw Violation(Harm::stuck, "get: " + records.error().message);
      const std::optional<Record>& record = records->at(0);
      const std::string name = "task " + std::to_string(i);
      if (task.accepted && !record) throw Violation(Harm::lost, name + " was accepted, and is not there");
      if (record && !task.sent) throw Violation(Harm::corrupt, name + " is there, and nobody sent it");
      if (record && record->state != State::succeeded) throw Violation(Harm::stuck, name + " has not succeeded");
      if (record && task.starts == 0) throw Violation(Harm::lost, name + " has succeeded, and never ran");
      tally_.accepted += task.accepted;
      tally_.runs += task.starts;
      tally_.again += task.starts > 1 ? static_cast<unsigned>(task.starts - 1) : 0;
      tally_.unknown_done += record && !task.accepted;
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

  Place place_;
  const std::string scene_path_;
  const Shared<Scene> scene_;
  SharedClock clock_;
  std::mt19937_64 random_;
  Tally& tally_;
  Verdict& verdict_;
  std::vector<std::uint8_t> before_ = std::vector<std::uint8_t>(kMostTasks), acked_ = before_;
};

bool torture(const std::string& level, std::uint64_t kills, std::uint64_t seed) {
  const Scratch scratch(Scratch::On::memory);
  Tally tally;
  Verdict verdict("kills");
  for (; verdict.faults < kills && verdict.harmless(); ++seed) {
    try {
      File(scratch, level == "power", seed, tally, verdict).run();
    } catch (const Violation& e) {
      verdict.add(e, "kill_manager --power 0 --process 0 --" + level + " 1 --seed " + std::to_string(seed));
    }
  }
  std::cout << level << ": " << verdict.faults << " kills of a manager (";
  for (std::size_t i = 0; i < std::size(kMoments); ++i)
    std::cout << (i ? ", " : "") << tally.kills[i] << " " << kMoments[i];
  std::cout << "); " << tally.accepted << " tasks accepted, " << tally.unknown_done << " more done that had no answer, "
            << tally.runs << " runs, " << tally.again << " of them again\n";
  return verdict.report(level);
}

}  // namespace
}  // namespace penstock::torture

int main(int argc, char** argv) {
  using namespace penstock::torture;
  if (argc == 3 && std::strcmp(argv[1], "--victim") == 0) return be_manager_victim(argv[2]);
  Options options(argc, argv);
  const auto kills = options.get("kills", 80, 2'000), seed = options.seed();
  const auto power = options.get("power", kills / 2, kills / 2);
  const auto process = options.get("process", kills / 2, kills / 2);
  options.finish();
  Score score;
  if (power) score.add(torture("power", power, seed));
  if (process) score.add(torture("process", process, seed));
  return score.end();
}
