#include "torture/soak/census.hpp"

#include <algorithm>

#include "torture/tasks.hpp"

namespace penstock::torture {
namespace {

constexpr std::size_t kAtATime = 250;
constexpr std::chrono::seconds kSoon{1};  // until then an end is told by the hooks

std::string said(int number, const std::string& what) { return "task " + std::to_string(number) + " " + what; }

}  // namespace

std::optional<int> Census::next() {
  const int number = ++last_;
  Entry& entry = entries_[index(number)];
  if (entry.number != 0) return std::nullopt;
  entry = {};
  entry.number = number;
  ring_.slot(number).clear(number);
  ++under_way_;
  return number;
}

void Census::accept(int number, std::string_view queue, Clock::time_point due) {
  Entry& entry = entries_[index(number)];
  entry.queue = queue;
  entry.accepted = true;
  entry.due = due;
  entry.seen = Clock::now();
  ++accepted;
}

void Census::refuse(int number) {
  ++refused;
  free(entries_[index(number)]);
}

void Census::free(Entry& entry) {
  ring_.slot(entry.number).number = 0;
  entry = {};
  --under_way_;
}

void Census::sweep(TaskManager& tasks) {
  const auto asked = Clock::now();
  if (asked > answered_ + kStuck) throw Violation(Harm::stuck, "the store has not answered for a minute");
  std::vector<Entry*> due;
  std::vector<TaskRef> refs;
  const auto ask = [&] {
    const std::vector<std::optional<TaskInfo>> infos = tasks.info(refs);
    for (std::size_t i = 0; i < due.size(); ++i) judge(*due[i], infos[i], asked);
    due.clear(), refs.clear();
  };
  try {
    for (Entry& entry : entries_) {
      if (!entry.accepted) continue;
      if (ring_.slot(entry.number).ends == 0 && asked < entry.due + kSoon) continue;
      due.push_back(&entry);
      refs.push_back({entry.queue, id_of(entry.number)});
      if (due.size() == kAtATime) ask();
    }
    if (!due.empty()) ask();
    answered_ = asked;
  } catch (const Exception& e) {  // another time
    if (!e.error().retryable) throw Violation(Harm::corrupt, std::string("info: ") + e.what());
  }
  if (ring_.started_twice > 0) throw Violation(Harm::duplicate, "two runs of a task under one epoch");
  if (ring_.wrong_payloads > 0) throw Violation(Harm::corrupt, "a payload came back changed");
}

void Census::judge(Entry& entry, const std::optional<TaskInfo>& info, Clock::time_point asked) {
  if (!info) return judge_absent(entry, asked);
  const bool late = asked > entry.due + kStuck;
  if (ended(info->status)) {
    judge_end(entry, *info, asked);
  } else {
    entry.seen = asked;
    if (late)
      throw Violation(
          Harm::stuck,
          said(entry.number, "was due a minute ago, and is " + std::string(name(info->status)) + " in " + entry.queue +
                                 " after " + std::to_string(info->failures) + " failures: " + info->error));
  }
}

// An id may be forgotten some time after its end, but not so soon after it was seen to be there.
void Census::judge_absent(Entry& entry, Clock::time_point asked) {
  if (asked < entry.seen + kRelied) throw Violation(Harm::lost, said(entry.number, "was accepted, and is not there"));
  ++unseen;
  free(entry);
}

void Census::judge_end(Entry& entry, const TaskInfo& info, Clock::time_point asked) {
  const Slot& slot = ring_.slot(entry.number);
  const Sort sort = sort_of(entry.number);
  const bool succeeded = info.status == Status::succeeded;
  if (!may_end_as(sort, info.status) || (entry.was_waiting && succeeded))
    throw Violation(Harm::corrupt, said(entry.number, "of sort " + std::to_string(static_cast<int>(sort)) +
                                                          " has ended as " + name(info.status) + ": " + info.error));
  if (slot.ends > 1) throw Violation(Harm::duplicate, said(entry.number, "has ended twice"));
  if (entry.was_waiting && slot.starts > 0)
    throw Violation(Harm::duplicate, said(entry.number, "ran, though it was cancelled before"));
  if (succeeded && slot.starts == 0) throw Violation(Harm::lost, said(entry.number, "has succeeded, and never ran"));
  const bool waits_for_child = succeeded && sort == Sort::parent && slot.child_starts == 0;
  if (waits_for_child || (slot.follower_sent > 0 && slot.follower_starts == 0)) {
    if (asked > entry.seen + kStuck) throw Violation(Harm::lost, said(entry.number, "has a child that does not run"));
    return;
  }
  const int wanted = sort == Sort::failing || sort == Sort::snoozing ? 2 : 1;
  if (slot.starts > wanted) runs_again += static_cast<unsigned>(slot.starts - wanted);
  longest = std::max<Clock::duration>(longest, asked - entry.due);
  free(entry);
}

}  // namespace penstock::torture
