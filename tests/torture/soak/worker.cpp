#include "torture/soak/worker.hpp"

#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "torture/shared.hpp"
#include "torture/soak/failing_files.hpp"
#include "torture/tasks.hpp"
#include "torture/worker_life.hpp"

namespace penstock::torture {
namespace {

// A handler that takes its time, and stops when it is asked to.
void hold_a_worker(Context& ctx, Millis time) {
  std::mutex mutex;
  std::condition_variable_any asked;
  std::unique_lock lock(mutex);
  asked.wait_for(lock, ctx.stop_token(), time, [] { return false; });
}

Outcome act(TaskManager& tasks, Context& ctx, Slot& slot, int number) {
  const bool first = slot.starts == 1;
  switch (sort_of(number)) {
    case Sort::failing:
      if (first) throw std::runtime_error("task " + std::to_string(number) + " fails the first time");
      return done();
    case Sort::snoozing:
      return first ? snooze(Millis(100)) : done();
    case Sort::dead:
      return fail("task " + std::to_string(number) + " is of no use");
    case Sort::discarded:
      return discard("nobody wants task " + std::to_string(number));
    case Sort::parent:
      value_or_throw(ctx.add_child(kChild, std::to_string(number), ""));
      return done();
    case Sort::leader: {
      EnqueueOptions options;
      options.queue = std::string(ctx.task().queue);
      options.id = id_of(number + kFollowerIds);
      tasks.enqueue_bytes(kFollower, std::to_string(number), options);
      slot.follower_sent = 1;
      return done();
    }
    case Sort::kept:
      return done(std::string(static_cast<std::size_t>(number % 3'000), 'r'));
    case Sort::slow:
      ctx.progress(0.5, "half way");
      hold_a_worker(ctx, Millis(number % 20));
      return done();
    default:
      return done();
  }
}

Slot* parent_of(Context& ctx, Ring& ring) { return ring.find(std::stoi(std::string(ctx.payload()))); }

}  // namespace

void work_on(TaskManager& tasks, Ring& ring) {
  tasks.handle(kWork, [&tasks, &ring](Context& ctx) -> Outcome {
    const int number = number_of(ctx.task().id);
    ++ring.runs;
    if (ctx.payload() != body_of(number)) ++ring.wrong_payloads;
    Slot* slot = ring.find(number);
    if (!slot) return ++ring.late_runs, done();  // a holder that was stopped, and whom nobody hears any more
    ++slot->starts;
    if (!slot->epochs.add(ctx.task().epoch)) ++ring.started_twice;
    return act(tasks, ctx, *slot, number);
  });
  tasks.handle(kChild, [&ring](Context& ctx) {
    if (Slot* slot = parent_of(ctx, ring)) ++slot->child_starts;
  });
  tasks.handle(kFollower, [&ring](Context& ctx) {
    if (Slot* slot = parent_of(ctx, ring)) ++slot->follower_starts;
  });
  Hooks hooks;
  hooks.on_finish = [&ring](const TaskEvent& e) {
    if (e.kind != kWork.kind || !e.durable) return;
    if (Slot* slot = ring.find(number_of(e.key.id))) ++slot->ends;
  };
  hooks.on_lost = [&ring](const TaskEvent&) { ++ring.lost_leases; };
  tasks.add_hooks(std::move(hooks));
}

int be_soak_worker(const std::string& path, const StorePlace& place) {
  const Shared<Ring> ring(Shared<Ring>::As::found, path);
  FailingFiles files(ring->io_errors);
  return live_as_worker(soak_options(place), ring->stop, ring->complaint,
                        [&](TaskManager& tasks) { work_on(tasks, *ring); });
}

}  // namespace penstock::torture
