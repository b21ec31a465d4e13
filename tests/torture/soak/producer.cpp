#include "torture/soak/producer.hpp"

#include <algorithm>
#include <utility>

#include "torture/tasks.hpp"

namespace penstock::torture {
namespace {

// This one program is about time: a leak shows in what a load leaves behind that goes on at its pace. So it waits for
// the clock, though always for something else as well.
constexpr std::chrono::milliseconds kTick{40};

bool goes_with_others(Sort s) {
  return s != Sort::prior && s != Sort::delayed && s != Sort::dated && s != Sort::cancelled && s != Sort::kept;
}

}  // namespace

Producer::Producer(TaskManager& tasks, Ring& ring, std::uint64_t rate, std::uint64_t seed)
    : tasks_(tasks),
      ring_(ring),
      rate_(rate),
      random_(seed),
      census_(ring),
      results_(tasks.results(64, WhenFull::drop_oldest)),
      thread_([this] { run(); }) {}

Producer::~Producer() {
  {
    const std::lock_guard lock(mutex_);
    quitting_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Producer::wait(Clock::time_point until) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, until, [this] { return failed_ || quitting_; });
}

void Producer::finish() {
  {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
  }
  if (thread_.joinable()) thread_.join();
  if (wrong_) throw *wrong_;
}

bool Producer::over() {
  const std::lock_guard lock(mutex_);
  return quitting_ || (finishing_ && census_.under_way() == 0);
}

void Producer::run() {
  try {
    for (auto next = Clock::now(); !over(); wait(next)) {
      step();
      next = std::max(next + kTick, Clock::now());
    }
    return;
  } catch (const Violation& e) {
    wrong_ = e;
  } catch (const std::exception& e) {
    wrong_ = Violation(Harm::corrupt, std::string("the producer: ") + e.what());
  }
  {
    const std::lock_guard lock(mutex_);
    failed_ = true;
  }
  changed_.notify_all();
}

void Producer::step() {
  bool finishing = false;
  {
    const std::lock_guard lock(mutex_);
    finishing = finishing_;
  }
  if (!unanswered_.empty()) {
    put(std::exchange(unanswered_.front(), {})), unanswered_.pop_front();
  } else if (!finishing) {
    put_some();
  }
  cancel_some();
  tasks_.submit([this] { ++ring_.local_runs; });
  while (results_.next(Millis(0))) {
  }
  static constexpr auto kSecond = std::chrono::seconds(1) / kTick;
  if (seconds_++ % kSecond != 0) return;
  census_.sweep(tasks_);
  try {
    look_around();
  } catch (const Exception& e) {
    if (!e.error().retryable && e.error().code != Errc::unknown_outcome) throw;
  }
}

void Producer::put_some() {
  std::vector<int> together;
  const std::string_view queue = kSoakQueues[random_() % std::size(kSoakQueues)];
  const auto count = rate_ * static_cast<std::uint64_t>(kTick.count()) / 1'000;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::optional<int> number = census_.next();
    if (!number) continue;
    if (goes_with_others(sort_of(*number))) {
      together.push_back(*number);
    } else {
      put(order_of({*number}, queue));
    }
  }
  if (!together.empty()) put(order_of(std::move(together), queue));
}

// What had no answer may be there already, and is sent again until it has one: it is there once.
void Producer::put(Order order) {
  const std::vector<Enqueued> answers = enqueue(order);
  std::vector<int> left;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!check_in(order, order.numbers[i], answers[i])) left.push_back(order.numbers[i]);
  }
  if (left.empty()) return;
  order.numbers = std::move(left);
  unanswered_.push_back(std::move(order));
}

std::vector<Enqueued> Producer::enqueue(const Order& order) {
  std::vector<Draft> drafts;
  std::vector<TaskId> ids;
  for (const int number : order.numbers) drafts.push_back(draft_of(number)), ids.push_back(id_of(number));
  if (goes_with_others(order.sort)) return tasks_.enqueue_drafts(std::move(drafts), order.options, ids);
  EnqueueOptions options = order.options;
  options.id = ids.front();
  Enqueued answer;
  try {
    answer.ref = tasks_.enqueue_bytes(kWork, std::move(drafts.front().payload), options);
  } catch (const Exception& e) {
    answer.error = e.error();
  }
  return {answer};
}

bool Producer::check_in(const Order& order, int number, const Enqueued& e) {
  const auto now = Clock::now();
  if (e.accepted()) {
    census_.accept(number, order.options.queue, now + order.due);
    if (order.sort == Sort::cancelled) to_cancel_.push_back({number, e.ref, now + Millis(random_() % 1'500)});
    return true;
  }
  if (e.what == Item::full || (e.what == Item::conflict && sort_of(number) == Sort::unique)) {
    census_.refuse(number);
    return true;
  }
  if (e.error && (e.error->retryable || e.error->code == Errc::unknown_outcome)) return false;
  throw Violation(e.what == Item::conflict ? Harm::duplicate : Harm::stuck,
                  "task " + std::to_string(number) + " is refused: " + (e.error ? e.error->message : ""));
}

void Producer::cancel_some() {
  for (auto left = to_cancel_.size(); left > 0; --left) {
    Whim whim = std::move(to_cancel_.front());
    to_cancel_.pop_front();
    if (!census_.knows(whim.number)) continue;
    if (Clock::now() < whim.at) {
      to_cancel_.push_back(std::move(whim));
      continue;
    }
    try {
      const Cancelled what = tasks_.cancel(whim.ref);
      if (what == Cancelled::not_found)
        throw Violation(Harm::lost, "task " + std::to_string(whim.number) + " was accepted, and cannot be cancelled");
      if (what == Cancelled::was_waiting) census_.was_waiting(whim.number);
    } catch (const Exception& e) {
      if (!e.error().retryable && e.error().code != Errc::unknown_outcome) throw;
      to_cancel_.push_back(std::move(whim));
      return;
    }
  }
}

// What people and their tools ask for, and set, while all works.
void Producer::look_around() {
  const std::string queue(kSoakQueues[random_() % std::size(kSoakQueues)]);
  (void)to_prometheus(tasks_.metrics());
  (void)tasks_.counts();
  (void)tasks_.gates(queue);
  (void)tasks_.errors();
  if (auto* browser = query<Browser>(tasks_.backend())) {
    std::string next;
    (void)browser->list({.queue = queue, .state = static_cast<State>(random_() % kStates)}, next);
  }
  if (random_() % 4 == 0) tasks_.set_weight(queue, static_cast<unsigned>(1 + random_() % 4));
  if (random_() % 8 == 0) tasks_.pause(queue, {}, Millis(200));
}

}  // namespace penstock::torture
