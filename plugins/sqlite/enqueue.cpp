#include <penstock/plugin/names.hpp>

#include "../shared/call_checks.hpp"
#include "traits.hpp"
#include "transaction.hpp"

namespace penstock::sqlite {

Result<std::vector<Admission>> Transaction::enqueue(std::span<const NewTask> tasks, const Guard* guard) {
  if (guard) {
    if (auto set = put(guard->document, guard->revision, guard->value); !set) return set.error();
  }
  lines_.begin();
  std::vector<Admission> out;
  out.reserve(tasks.size());
  shared::Items items(options_.max_body);
  for (const NewTask& t : tasks) {
    const bool good = valid_name(t.key.queue) && items.valid(t);
    out.push_back(good ? add(t, true) : Admission{Item::invalid, t.key.id});
  }
  return out;
}

Admission Transaction::add(const NewTask& task, bool limited) {
  QueueRow& queue = ledger_.make(task.key.queue);
  if (find_gone(queue, task.key.id)) return {Item::exists, task.key.id};
  std::int64_t until = 0;
  std::optional<TaskRow> replaced;
  if (!task.unique.empty()) {
    if (auto there = find(queue, task.key.id)) return present(task, *there);
    if (task.unique_for > Millis(0)) until = later(clock_.wall(), task.unique_for.count());
    if (auto keeper = holder(queue, task.unique)) {
      if (task.replace && keeper->holds) replaced = waiting(queue, keeper->id);
      if (!replaced) return {Item::conflict, keeper->id};
      until = std::max(until, keeper->until);
    }
  }
  const auto depth = static_cast<std::uint64_t>(queue.waiting()) - replaced.has_value();
  if (limited && task.queue_limit > 0 && depth >= task.queue_limit) {
    auto there = find(queue, task.key.id);
    return there ? present(task, *there) : Admission{Item::full, task.key.id};
  }
  if (replaced) withdraw(queue, *replaced, Millis(0));
  return insert(queue, task, until);
}

// The task whose id this is, provided that it has not been claimed.
std::optional<TaskRow> Transaction::waiting(const QueueRow& queue, const TaskId& id) {
  auto t = find(queue, id);
  return t && t->state < State::leased ? t : std::nullopt;
}

Admission Transaction::insert(QueueRow& queue, const NewTask& task, std::int64_t unique_until) {
  const std::int64_t now = clock_.wall(), rank = rank_of(task.priority, task.weight);
  const std::int64_t due = task.due ? task.due->time_since_epoch().count() : later(now, task.delay.count());
  const State state = due > now ? State::scheduled : State::ready;
  const std::string traits = pack_traits(task);
  const std::string_view flow = flow_of(traits);
  const bool keyed = !flow.empty();
  const Lines::Place at =
      state == State::ready ? lines_.place(queue, flow) : Lines::Place{keyed ? queue.later_line() : queue.line(state)};
  const bool large = task.body.size() > kLarge, unique = !task.unique.empty();
  std::int64_t flags = large ? kLargeBody : kNothing;
  if (!task.gates.empty()) flags |= kGated;
  if (unique) flags |= task.unique_while == Unique::waiting ? kHolds | kFirst : kHolds;
  const auto added =
      run(sql_.task_add, queue.q, static_cast<int>(state), at.lane, state == State::ready ? rank : due, rank, flags,
          now, task.body.size(), view(task.key.id), Text{task.kind}, Maybe{traits}, large ? Bytes() : task.body);
  if (added == 0) {
    if (auto there = find(queue, task.key.id)) return present(task, *there);
    damaged("a task can neither be added nor found");
  }
  const std::int64_t n = sqlite3_last_insert_rowid(sql_.db);
  if (large) run(sql_.content_add, 2 * n, task.body);
  if (unique) run(sql_.key_set, queue.q, task.unique, view(task.key.id), unique_until);
  if (state == State::ready) {
    lines_.came(queue, at, {rank, n});
  } else {
    queue.schedule(1, keyed);
  }
  changed(Bell::kClaimable);
  return {Item::ok, task.key.id};
}

Admission Transaction::present(const NewTask& task, const TaskRow& there) {
  const bool same = there.kind == task.kind && static_cast<std::size_t>(there.size) == task.body.size() &&
                    content(there, false) == task.body;
  return {same ? Item::exists : Item::conflict, task.key.id};
}

}  // namespace penstock::sqlite
