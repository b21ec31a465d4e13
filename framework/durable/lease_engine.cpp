#include "durable/lease_engine.hpp"

#include <algorithm>
#include <mutant.hpp>

#include "base/later.hpp"
#include "durable/envelope.hpp"

namespace penstock::durable {
namespace {

using std::chrono::nanoseconds;

constexpr Millis kFirstBackoff{50}, kLastBackoff{5'000};
constexpr std::size_t kSpareTasks = 1024;
constexpr Millis kNoAheadFor{10};

void average(double& mean, nanoseconds value) {
  auto v = static_cast<double>(value.count());
  mean = mean == 0 ? v : mean + (v - mean) / 16;
}

std::string poison(std::uint32_t crashes, const std::string& before) {
  std::string text = "poison: the process died in this task " + std::to_string(crashes) + " times";
  if (!before.empty()) text.append("; error before that: ").append(before);
  return text;
}

}  // namespace

void Changes::clear() {
  for (auto* list : {&startable, &settled, &cancelled, &lost, &stop}) list->clear();
}

LeaseEngine::LeaseEngine(EngineOptions options)
    : options_(std::move(options)), random_(options_.seed ? base::Random(options_.seed) : base::Random()) {
  options_.batch = std::clamp<std::uint32_t>(options_.batch, 1, options_.max_batch);
}

// ---- answers --------------------------------------------------------------------------------------------

void LeaseEngine::applied(Plan& plan, Result<Exchanged> answer, Instant now, Changes& changes) {
  --in_flight_;
  claiming_ -= plan.limit;
  sending_ -= plan.tasks.size();
  for (Task* task : plan.tasks) --task->in_plans;
  if (answer && answer->settled.size() != plan.tasks.size()) {
    answer = Error{Errc::internal, "the store answered " + std::to_string(answer->settled.size()) + " of " +
                                       std::to_string(plan.tasks.size()) + " settlements"};
  }
  if (!answer) {
    take_back(plan, now);
    return;
  }
  errors_in_a_row_ = 0;
  average(trip_ns_, now - plan.sent);
  std::vector<Task*> unsure;
  for (std::size_t i = 0; i < plan.tasks.size(); ++i) {
    if (answer->settled[i] != Item::unknown) {
      answered(*plan.tasks[i]);
      apply_item(*plan.tasks[i], plan.settle[i].to, answer->settled[i], now, changes);
    } else if (goes_again(*plan.tasks[i], plan.settle[i])) {
      unsure.push_back(plan.tasks[i]);
    }
  }
  put_off(unsure, now);
  if (plan.limit == 0) return;
  bell_ = answer->bell;
  if (answer->leased.size() >= plan.limit) {
    maybe_work_ = true;
  } else if (plan.ahead > 0 && answer->next_due == Millis(0)) {
    // There is work, but gates keep it for workers that can start it at once: do not ask for more ahead.
    maybe_work_ = true;
    no_ahead_before_ = now + kNoAheadFor;
  } else if (answer->next_due) {
    Instant at = base::later(now, std::max(Millis(0), *answer->next_due));
    work_at_ = work_at_ ? std::min(*work_at_, at) : at;
  }
  apply_leased(answer->leased, plan.sent, now, changes);
}

// The call failed: what it carried is sent again, in its old order, after a pause that grows.
void LeaseEngine::take_back(Plan& plan, Instant now) {
  ++errors_;
  not_before_ = now + pause(errors_in_a_row_++);
  if (plan.limit > 0) maybe_work_ = true;
  std::vector<Task*> again;
  for (std::size_t i = 0; i < plan.tasks.size(); ++i) {
    if (goes_again(*plan.tasks[i], plan.settle[i]) && !mutant("engine.failed_call.dropped"))
      again.push_back(plan.tasks[i]);
  }
  pend(again, now);
}

// What one server of several did not answer is sent again after a pause of its own: the others go on. It waits for no
// longer than what was put off before it, and one time of sending all that again in vain makes the pause grow once.
void LeaseEngine::put_off(std::vector<Task*>& tasks, Instant now) {
  if (tasks.empty()) return;
  ++errors_;
  const bool again = std::ranges::any_of(tasks, &Task::unsure);
  if (again && !std::exchange(grown_, true)) ++unsure_in_a_row_;
  const Instant at = now + pause(unsure_in_a_row_);
  put_off_until_ = put_off_.empty() ? at : std::min(put_off_until_, at);
  for (Task* task : tasks) unsure_ += std::exchange(task->unsure, true) ? 0 : 1;
  put_off_.insert(put_off_.end(), tasks.begin(), tasks.end());
}

// The pause grows until each of those that were put off, those under way included, has its answer, or needs none.
void LeaseEngine::answered(Task& task) {
  if (std::exchange(task.unsure, false) && --unsure_ == 0) unsure_in_a_row_ = 0;
}

void LeaseEngine::pend(std::vector<Task*>& tasks, Instant since) {
  if (tasks.empty()) return;
  pending_since_ = since;
  for (const Task* task : tasks) pending_urgent_ = pending_urgent_ || task->phase == Task::Phase::marking;
  pending_.insert(pending_.begin(), tasks.begin(), tasks.end());
  tasks.clear();
}

Millis LeaseEngine::pause(std::uint32_t in_a_row) {
  std::uint32_t doublings = std::min(in_a_row, 10u);
  Millis most = std::min(kFirstBackoff * (1 << doublings), kLastBackoff);
  return most / 2 + Millis(static_cast<std::int64_t>(random_.next() % (most.count() / 2 + 1)));
}

// What was said of the task has still to be said, and nobody has listed it yet.
bool LeaseEngine::goes_again(Task& task, const Settlement& sent) {
  bool mark = sent.to == State::leased;
  bool mark_is_late = mark && task.phase != Task::Phase::marking && task.phase != Task::Phase::running;
  if (task.lost || mark_is_late) {
    free_if_done(task);  // it says something newer by now, or nothing any more
    return false;
  }
  if (mark && !sent.note.empty()) task.mark_pending = true;  // its progress was not stored
  return !std::exchange(task.in_pending, true);
}

void LeaseEngine::apply_item(Task& task, State sent_as, Item item, Instant now, Changes& changes) {
  if (task.lost) return free_if_done(task);
  bool accepted = item == Item::ok || item == Item::requested;
  if (sent_as == State::leased) {
    if (task.phase == Task::Phase::settling || task.phase == Task::Phase::gone) return free_if_done(task);
    if (!accepted) return lose(task, now, changes);
    if (task.phase == Task::Phase::marking) {
      task.phase = Task::Phase::startable;
      task.begun = true;
      if (task.stop_wanted) {
        cancel(task, now);
      } else {
        changes.startable.push_back(&task);
      }
    }
    return;
  }
  if (!accepted && !mutant("engine.refusal.told_as_end")) return lose(task, now, changes);
  task.phase = Task::Phase::gone;
  --held_;
  leave_batch(task);
  (item == Item::requested ? changes.cancelled : changes.settled).push_back(&task);
}

void LeaseEngine::apply_leased(std::vector<Leased>& leased, Instant sent, Instant now, Changes& changes) {
  Batch* batch = nullptr;
  Queue* queue = nullptr;
  for (Leased& l : leased) {
    if (!batch || batch->epoch != l.epoch || batch->queue != l.queue) {
      batches_.push_back(std::make_unique<Batch>());
      batch = batches_.back().get();
      batch->queue = l.queue;
      batch->epoch = l.epoch;
      begins(*batch, sent);
      auto known = std::ranges::find(queues_, l.queue, &Queue::name);
      queue = known == queues_.end() ? nullptr : &*known;
    }
    if (queue) queue->credit = std::max<double>(queue->credit - 1, -double(options_.batch));
    Task& task = make_task();
    task.leased = std::move(l);
    task.batch = batch;
    task.priority = task.leased.priority;
    task.weight = task.leased.weight;
    task.available = now;
    task.begun = task.leased.begun && !task.leased.lapsed;
    ++batch->live;
    ++held_;
    admit(task, now, changes);
  }
  start_next_suspect(now);
  // A crash is forgotten unless it is charged under this lease. The suspect that is next charges its own
  // with its mark; the others must not wait for their turn with theirs: if that one is poison, it never comes.
  for (Task* task : parked_tasks()) {
    if (task->crashed()) release(*task, Millis(0), now);
  }
}

// The lease counts from when it was asked for: the store grants it later than that, never earlier.
void LeaseEngine::begins(Batch& batch, Instant sent) const {
  batch.lapses = sent + options_.lease - (mutant("engine.lease.no_margin") ? Millis(0) : options_.lease / 10);
  batch.extend_at = sent + options_.lease / (mutant("engine.keeper.late") ? 1 : 3);
}

void LeaseEngine::admit(Task& task, Instant now, Changes& changes) {
  task.leased.crashes += task.crashed() && !mutant("engine.crash.not_charged");  // charged with what is said of it next
  task.suspect = task.leased.lapsed || task.leased.crashes > 0;
  if (task.leased.crashes >= options_.max_crashes + mutant("engine.crashes.one_too_many")) {
    Note note = decode_note(task.leased.note);
    note.error = poison(task.leased.crashes, note.error);
    task.to = State::dead;
    task.charge = task.crashed() ? Charge::crash : Charge::none;
    task.keep = kKeepForever;
    task.note = encode(note);
    task.suspect = false;
    task.phase = Task::Phase::settling;
    enqueue(task, now);
  } else if (task.suspect) {
    task.phase = Task::Phase::parked;
    parked_.push_back(&task);
  } else {
    task.phase = Task::Phase::startable;
    changes.startable.push_back(&task);
  }
}

void LeaseEngine::start_next_suspect(Instant now) {
  if ((active_suspect_ && !mutant("engine.suspects.two")) || parked_.empty()) return;
  active_suspect_ = parked_.front();
  parked_.pop_front();
  active_suspect_->phase = Task::Phase::marking;
  pending_urgent_ = true;
  enqueue(*active_suspect_, now);
}

void LeaseEngine::suspect_done(Task& task, Instant now) {
  if (active_suspect_ != &task) return;
  active_suspect_ = nullptr;
  start_next_suspect(now);
}

// ---- running ----------------------------------------------------------------------------------------------

void LeaseEngine::enqueue(Task& task, Instant now) {
  if (task.in_pending) return;
  task.in_pending = true;
  if (pending_.empty()) pending_since_ = now;
  pending_.push_back(&task);
}

bool LeaseEngine::start(Task& task, Instant now) {
  if (task.lost || (task.batch->lapses <= now && !mutant("engine.start.lapsed"))) return false;
  task.phase = Task::Phase::running;
  task.in_handler = true;
  return true;
}

void LeaseEngine::mark_begun(Task& task, Instant now) {
  if (task.lost || task.begun || task.phase != Task::Phase::running) return;
  task.begun = true;
  enqueue(task, now);
}

void LeaseEngine::mark_progress(Task& task, std::string note, Instant now) {
  if (task.lost || task.phase != Task::Phase::running) return;
  task.begun = true;
  task.note = std::move(note);
  task.mark_pending = true;
  enqueue(task, now);
}

void LeaseEngine::settle(Task& task, Instant now) {
  if (task.lost || task.phase == Task::Phase::settling || task.phase == Task::Phase::gone) return;
  task.phase = Task::Phase::settling;
  enqueue(task, now);
  suspect_done(task, now);
}

void LeaseEngine::release(Task& task, Millis delay, Instant now) { settle_unstarted(task, State::ready, delay, now); }

void LeaseEngine::cancel(Task& task, Instant now) {
  task.keep = kKeepForever;
  settle_unstarted(task, State::cancelled, Millis(0), now);
}

// The crash that a suspect's begun mark would have charged goes with its settlement instead.
void LeaseEngine::settle_unstarted(Task& task, State to, Millis delay, Instant now) {
  if (task.phase == Task::Phase::parked) std::erase(parked_, &task);
  task.unstarted = true;
  task.to = to;
  task.charge = task.crashed() && !task.begun ? Charge::crash : Charge::none;
  task.delay = delay;
  task.note.clear();
  settle(task, now);
}

void LeaseEngine::handler_returned(Task& task) {
  task.in_handler = false;
  free_if_done(task);
}

void LeaseEngine::ran(nanoseconds handler_time) { average(run_ns_, std::max(handler_time, nanoseconds(100))); }

// ---- keeping ------------------------------------------------------------------------------------------------

bool LeaseEngine::extensions(Instant now, bool all, Extension& extension) {
  extension = Extension{};
  extension.sent = now;
  for (const auto& batch : batches_) {
    if (batch->extending || batch->lost || (!all && batch->extend_at > now)) continue;
    if (extension.held.size() >= options_.max_batch) break;
    batch->extending = true;
    extension.held.push_back({batch->queue, batch->epoch});
    extension.batches.push_back(batch.get());
  }
  return !extension.held.empty();
}

void LeaseEngine::extended(Extension& extension, const Result<Exchanged>& answer, Instant now, Changes& changes) {
  for (std::size_t i = 0; i < extension.batches.size(); ++i) {
    Batch& batch = *extension.batches[i];
    if (!answer || answer->extended.size() != extension.batches.size()) {
      batch.extend_at = now + options_.lease / 20;  // soon again: the lease is running out
      batch.extending = false;
      drop_batch_if_empty(batch);
      continue;
    }
    const Extended& said = answer->extended[i];
    if (said.what == Item::unknown) {
      batch.extend_at = now + options_.lease / 20;
      batch.extending = false;
      drop_batch_if_empty(batch);
      continue;
    }
    if (said.what == Item::ok) {
      begins(batch, extension.sent);
    } else {
      batch.lost = true;
    }
    for (const auto& owned : tasks_) {
      Task& task = *owned;
      if (task.batch != &batch) continue;
      if (said.what != Item::ok) {
        // A settlement under way may be why the store knows no task of the batch any more.
        if (task.phase != Task::Phase::settling) lose(task, now, changes);
      } else if (std::ranges::find(said.stop, task.leased.id) != said.stop.end()) {
        stop(task, now, changes);
      }
    }
    batch.extending = false;  // not before: losing the last task would drop the batch
    drop_batch_if_empty(batch);
  }
}

void LeaseEngine::stop(Task& task, Instant now, Changes& changes) {
  task.stop_wanted = true;
  switch (task.phase) {
    case Task::Phase::parked:
      cancel(task, now);
      break;
    case Task::Phase::startable:
    case Task::Phase::running:
      changes.stop.push_back(&task);
      break;
    default:  // a mark is under way, and looks again when it is answered; or its end is decided
      break;
  }
}

void LeaseEngine::expire(Instant now, Changes& changes) {
  if (std::ranges::none_of(batches_, [now](const auto& b) { return b->lapses <= now; })) return;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    Task& task = *tasks_[i];
    if (!task.batch || task.batch->lapses > now) continue;
    if (task.phase != Task::Phase::settling) lose(task, now, changes);  // of those the store decides
  }
}

// ---- ending ---------------------------------------------------------------------------------------------------

void LeaseEngine::lose(Task& task, Instant now, Changes& changes) {
  if (task.phase == Task::Phase::parked) std::erase(parked_, &task);
  task.lost = true;
  task.stop_wanted = true;
  answered(task);
  --held_;
  leave_batch(task);
  suspect_done(task, now);
  changes.lost.push_back(&task);
}

// A task that is gone or lost has no batch.
void LeaseEngine::leave_batch(Task& task) {
  Batch* batch = std::exchange(task.batch, nullptr);
  --batch->live;
  drop_batch_if_empty(*batch);
}

void LeaseEngine::drop_batch_if_empty(Batch& batch) {
  if (batch.live > 0 || batch.extending) return;
  auto at = std::ranges::find(batches_, &batch, [](const auto& b) { return b.get(); });
  std::swap(*at, batches_.back());
  batches_.pop_back();
}

void LeaseEngine::forget(Task& task) {
  task.forgotten = true;
  free_if_done(task);
}

void LeaseEngine::free_if_done(Task& task) {
  if (!task.forgotten || task.in_handler || task.in_plans > 0 || task.in_pending) return;
  std::size_t slot = task.slot;
  std::swap(tasks_[slot], tasks_.back());
  tasks_[slot]->slot = slot;
  std::unique_ptr<Task> freed = std::move(tasks_.back());
  tasks_.pop_back();
  if (spare_.size() < kSpareTasks) spare_.push_back(std::move(freed));
}

Task& LeaseEngine::make_task() {
  std::unique_ptr<Task> task;
  if (spare_.empty()) {
    task = std::make_unique<Task>();
  } else {
    task = std::move(spare_.back());
    spare_.pop_back();
    std::string note = std::move(task->note);
    note.clear();
    *task = Task{};
    task->note = std::move(note);
  }
  task->durable = true;
  task->slot = tasks_.size();
  tasks_.push_back(std::move(task));
  return *tasks_.back();
}

}  // namespace penstock::durable
