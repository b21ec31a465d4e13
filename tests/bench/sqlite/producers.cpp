// S3: producers that each wait for their own commit, at FULL.
#include "bench/ceilings/group_commit.hpp"
#include "bench/ceilings/same_statements.hpp"
#include "bench/lib/press.hpp"
#include "bench/lib/tasks.hpp"
#include "bench/sqlite/areas.hpp"
#include "torture/folder.hpp"

namespace penstock::bench {
namespace {

using torture::Scratch;
constexpr std::size_t kProducers = 16;

Series ours(std::size_t threads, std::size_t each) {
  const Scratch scratch(Scratch::On::disk);
  TaskManager tasks = TaskManager::open(on_sqlite(scratch.fresh("s3") + "/tasks.db", true));
  const double rate = press(threads, each, [&] { tasks.enqueue(Job{}); });
  const auto ready = tasks.counts().at(0).by_state[static_cast<std::size_t>(State::ready)];
  if (ready != threads * each) throw std::runtime_error("the store counts " + std::to_string(ready) + " ready tasks");
  return {rate};
}

Series raw(std::size_t threads, std::size_t each) {
  const std::string body = stored_body();
  const Scratch scratch(Scratch::On::disk);
  const std::string path = scratch.fresh("s3") + "/tasks.db";
  make_store(path, true);
  SameStatements store(path, true);
  auto commit = [&](std::span<const TaskId> ids) {
    store.transaction([&] {
      for (const TaskId& id : ids) store.add(id, body);
    });
  };
  if (threads == 1) {
    return {press(1, each, [&] {
      const TaskId id = make_task_id();
      commit({&id, 1});
    })};
  }
  GroupCommit<TaskId> group([&](const std::vector<TaskId>& ids) { commit(ids); });
  return {press(threads, each, [&] { group.put(make_task_id()); })};
}

}  // namespace

void producers(const Run& run, Report& report) {
  const std::size_t alone = run.size(4'000, 50), each = run.size(2'000, 20);
  const Rounds r = run.interleave({{"raw batch 1", [=] { return raw(1, alone); }},
                                   {"ours, one", [=] { return ours(1, alone); }},
                                   {"ours, sixteen", [=] { return ours(kProducers, each); }},
                                   {"raw group commit", [=] { return raw(kProducers, each); }}});
  const Series &raw_one = r.sides[0][0], &one = r.sides[1][0], &sixteen = r.sides[2][0], &raw_group = r.sides[3][0];
  Row single{.id = "S3",
             .what = "one producer, FULL, a commit each",
             .unit = "tasks/s",
             .values = one,
             .ceilings = raw_one,
             .ceiling_name = "raw batch 1",
             .bar = ">= 0.9 x raw batch 1"};
  single.met = single.ratio() >= 0.9;
  report.add(single);
  const double speedup = median(ratios(sixteen, one));
  Row many{.id = "S3",
           .what = "16 producers, FULL, each waits for its commit",
           .unit = "tasks/s",
           .values = sixteen,
           .ceilings = raw_group,
           .ceiling_name = "raw group commit",
           .bar = ">= 6 x one producer"};
  many.met = speedup >= 6;
  char note[120];
  std::snprintf(note, sizeof note, "%.2f x one producer; raw group commit is %.2f x raw batch 1", speedup,
                median(ratios(raw_group, raw_one)));
  many.note = note;
  report.add(many);
  report.load(r.foreign);
}

}  // namespace penstock::bench
