#include "testing/line.hpp"

#include <algorithm>

namespace penstock::testing {

void EnqueueLog::add(const NewTask& task) {
  TaskRef ref{std::string(task.key.queue), task.key.id};
  if (!known_.insert(to_text(ref)).second) return;  // sent again, as the answer was lost
  Record record;
  record.kind = task.kind;
  record.body = task.body;
  record.priority = task.priority;
  record.weight = task.weight;
  record.unique = task.unique;
  record.fair = task.fair;
  record.gates.assign(task.gates.begin(), task.gates.end());
  entries_.push_back({std::move(ref), std::move(record), task.delay, task.due});
}

Result<std::vector<Admission>> Line::enqueue(std::span<const NewTask> tasks, const Guard* guard) noexcept {
  auto answer = BackendWrapper::enqueue(tasks, guard);
  for (std::size_t i = 0; answer && i < tasks.size(); ++i) {
    const Item what = (*answer)[i].what;
    if (what == Item::ok || what == Item::exists) log_.add(tasks[i]);
  }
  return answer;
}

Result<Exchanged> Line::exchange(const Exchange& x) noexcept {
  auto answer = BackendWrapper::exchange(x);
  if (answer) note_children(x, *answer);
  const bool ends = last_ && std::ranges::any_of(x.settle, [&](const Settlement& s) {
                      return s.to != State::leased && s.key.id == *last_;
                    });
  if (!answer || !ends) return answer;
  cut();
  return Error{Errc::unknown_outcome, "this worker died before the store's answer came", true};
}

// Which of the children are there now: one whose unique key was taken was left out.
void Line::note_children(const Exchange& x, const Exchanged& answer) {
  for (std::size_t i = 0; i < x.settle.size(); ++i) {
    if (answer.settled[i] != Item::ok) continue;
    for (const NewTask& child : x.settle[i].children) {
      auto there = inner().get({&child.key, 1});
      if (there && (*there)[0]) log_.add(child);
    }
  }
}

}  // namespace penstock::testing
