#include "torture/redis/answered.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include "torture/tasks.hpp"

namespace penstock::torture {
namespace {

std::string named(int number) { return "task " + std::to_string(number); }

std::vector<std::optional<Record>> get(DurableBackend& store, std::span<const TaskKey> keys) {
  auto records = store.get(keys);
  for (const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
       !records && std::chrono::steady_clock::now() < end;)
    records = store.get(keys);
  if (!records) throw Violation(Harm::stuck, "get: " + records.error().message);
  return std::move(*records);
}

}  // namespace

std::vector<int> Answered::send(std::size_t count, const std::string& queue) {
  const std::lock_guard lock(mutex_);
  std::vector<int> out;
  for (; count > 0; --count, ++sent_) {
    tasks_.push_back({queue});
    out.push_back(static_cast<int>(tasks_.size()));
  }
  return out;
}

void Answered::accepted(std::span<const int> tasks) {
  const std::lock_guard lock(mutex_);
  for (const int number : tasks) {
    Task& task = tasks_.at(static_cast<std::size_t>(number - 1));
    if (!std::exchange(task.accepted, true)) ++accepted_;
  }
}

void Answered::claimed(std::span<const Leased> leased) {
  const std::lock_guard lock(mutex_);
  std::set<std::pair<std::string, Epoch>> batches;
  for (const Leased& l : leased) {
    const int number = number_of(l.id);
    Task& task = tasks_.at(static_cast<std::size_t>(number - 1));
    if (l.body != body_of(number)) throw Violation(Harm::corrupt, named(number) + " was handed out with another body");
    if (task.ended != 0 && l.epoch > task.ended)
      throw Violation(Harm::lost, named(number) + " was handed out after the answer that it had ended");
    task.claimed = std::max(task.claimed, l.epoch);
    batches.emplace(l.queue, l.epoch);
  }
  for (const auto& batch : batches) {
    if (!epochs_.insert(batch).second)
      throw Violation(Harm::duplicate, "epoch " + std::to_string(batch.second) + " was given twice");
  }
}

void Answered::settled(const Leased& l, Item what) {
  if (what == Item::lease_lost || what == Item::unknown) return;
  const int number = number_of(l.id);
  if (what == Item::not_found) throw Violation(Harm::lost, named(number) + " was handed out, and is not known");
  if (what != Item::ok) throw Violation(Harm::stuck, named(number) + " cannot be settled");
  const std::lock_guard lock(mutex_);
  Task& task = tasks_.at(static_cast<std::size_t>(number - 1));
  if (task.ended != 0) throw Violation(Harm::duplicate, named(number) + " was acknowledged twice");
  task.ended = l.epoch;
  if (!std::exchange(task.accepted, true)) ++accepted_;  // whoever sent it has yet to hear of it
  ends_.add();
}

std::vector<Answered::Task> Answered::now() const {
  const std::lock_guard lock(mutex_);
  return tasks_;
}

std::set<int> Answered::check(DurableBackend& store) const {
  const std::vector<Task> tasks = now();
  std::set<int> there;
  for (std::size_t from = 0; from < tasks.size(); from += 200) {
    std::vector<TaskKey> keys;
    for (std::size_t i = from; i < tasks.size() && i < from + 200; ++i)
      keys.push_back({tasks[i].queue, id_of(static_cast<int>(i + 1))});
    const auto records = get(store, keys);
    for (std::size_t i = 0; i < records.size(); ++i) {
      const int number = static_cast<int>(from + i + 1);
      if (holds(number, tasks[from + i], records[i])) there.insert(number);
    }
  }
  return there;
}

// False: it is not there, and need not be.
bool Answered::holds(int number, const Task& task, const std::optional<Record>& record) {
  if (!record) {
    if (task.accepted) throw Violation(Harm::lost, named(number) + " was accepted, and is not there");
    if (task.claimed != 0) throw Violation(Harm::lost, named(number) + " was handed out, and is not there");
    return false;
  }
  if (task.ended != 0 && (record->state != State::succeeded || record->epoch != task.ended))
    throw Violation(Harm::lost, "the end of " + named(number) + " was answered, and is not there");
  if (record->epoch < task.claimed)
    throw Violation(Harm::lost, named(number) + " was handed out under an epoch that the store does not know");
  return true;
}

}  // namespace penstock::torture
