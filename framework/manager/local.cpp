// In-memory tasks: submitted, cancelled, waited for.
#include <algorithm>

#include "base/counted.hpp"
#include "base/later.hpp"
#include "manager/impl.hpp"
#include "manager/names.hpp"

namespace penstock::impl {
namespace {

constexpr std::size_t kMaxNames = 10'000;  // distinct names that metrics tell apart; others share one

Error full(const std::string& queue, std::uint64_t limit) {
  return Error{Errc::resource_exhausted,
               "the in-memory queue \"" + queue + "\" is full: " + std::to_string(limit) + " tasks wait (local_limit)",
               true};
}

}  // namespace

std::vector<TaskRef> Manager::submit(std::span<Closure> closures, const SubmitOptions& options, bool want_refs) {
  const std::string queue = options.queue.empty() ? kLocalQueue : options.queue;
  require_name("a queue name", queue);
  if (!options.name.empty()) require_name("a task's name", options.name);
  if (options.weight == 0) throw Exception(Error{Errc::invalid, "a task's weight is 1 to 65535"});
  std::vector<TaskRef> refs;
  if (want_refs) refs.reserve(closures.size());
  bool detailed = !options.name.empty() || options.retries || options.backoff || options.timeout;
  Aftermath after;
  auto state = state_.lock();
  auto room = [&] {
    std::size_t waiting = state->scheduler.queued() - state->leased_ready;
    return options_.local_limit == 0 || waiting + closures.size() <= options_.local_limit;
  };
  if (!room() && options_.local_if_full == IfFull::block && !in_own_thread()) {
    refuse_to_wait();
    const base::Counted awaiting(state, state->awaiting);
    while (!room() && !state->stopping) ended_.wait(state.native());
  }
  if (state->stopping) throw Exception(Error{Errc::unavailable, "the task manager is stopping and takes no new tasks"});
  if (!room()) throw Exception(full(queue, options_.local_limit));
  if (state->workers.size() < state->target) value_or_throw(ensure_workers(*state));
  Lane& lane = state->scheduler.lane(queue);
  Counters& counters = counters_of(*state, lane);
  Counters* named = nullptr;
  if (!options.name.empty()) {
    auto at = state->name_counters.find(options.name);
    if (at == state->name_counters.end()) {
      const std::string& label = state->name_counters.size() < kMaxNames ? options.name : "(others)";
      at = state->name_counters.try_emplace(label, std::make_unique<Counters>()).first;
    }
    named = at->second.get();
  }
  Instant at = now();
  Instant due = base::later(at, std::max(options.delay, Millis(0)));
  for (Closure& closure : closures) {
    LocalTask& task = state->local.add();
    task.closure = std::move(closure);
    task.priority = options.priority;
    task.weight = options.weight;
    task.lane = &lane;
    task.submitted = at;
    task.available = due;
    task.status = due > at ? Status::scheduled : Status::queued;
    if (detailed) {
      task.details = std::make_unique<results::LocalDetails>(
          results::LocalDetails{options.name, options.retries, options.backoff, options.timeout, named});
    }
    state->scheduler.push(&task, due, at);
    if (want_refs) refs.push_back(ref_of(*state, task));
    if (hooked(Aftermath::Event::What::queued)) {
      after.events.push_back({Aftermath::Event::What::queued,
                              ref_of(*state, task),
                              options.name,
                              {},
                              false,
                              0,
                              task.status,
                              options.delay,
                              {},
                              nullptr});
    }
  }
  counters.scheduled += closures.size();
  if (named) named->scheduled += closures.size();
  if (due > at || !somebody_comes(*state, at, after)) wake_for(*state, due > at ? 1 : closures.size(), after);
  const std::function<void()> accepted = state->accepted;
  state.unlock();
  if (!after.empty()) tell(after);
  if (accepted) accepted();
  return refs;
}

std::unique_ptr<ResultValue> Manager::take_result(const TaskRef& ref, Millis at_most) {
  std::optional<TaskInfo> end = await(ref, at_most);
  if (!end) {
    bool known = info(ref).has_value();
    throw Exception(known ? Error{Errc::unavailable, to_text(ref) + " has not ended in time", true}
                          : Error{Errc::not_found, to_text(ref) + " is not known (any more)"});
  }
  if (end->status != Status::succeeded) {
    throw Exception(
        Error{Errc::internal, to_text(ref) + " " + name(end->status) + (end->error.empty() ? "" : ": " + end->error)});
  }
  auto state = state_.lock();
  LocalTask* task = state->local.find(ref.id);
  return task ? state->local.take_result(*task) : nullptr;
}

std::size_t Manager::cancel_local() {
  std::vector<TaskRef> refs;
  Aftermath after;
  {
    auto state = state_.lock();
    take_back_all(*state, after);
    state->local.for_each_active([&](LocalTask& task) { refs.push_back(ref_of(*state, task)); });
  }
  tell(after);
  for (const TaskRef& ref : refs) cancel(ref);
  return refs.size();
}

}  // namespace penstock::impl
