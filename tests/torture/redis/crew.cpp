#include "torture/redis/crew.hpp"

#include <algorithm>
#include <iostream>
#include <span>
#include <utility>

#include "torture/redis/policy.hpp"
#include "torture/tasks.hpp"

namespace penstock::torture {
namespace {

constexpr std::uint32_t kMostWaiting = 150;
constexpr std::chrono::milliseconds kLook{20};

// The answer of a call that is made until it has one.
template <class Call>
auto insist(const char* what, Call call) {
  const auto end = Crew::Clock::now() + Crew::kStuck;
  auto answer = call();
  while (!answer && Crew::Clock::now() < end) answer = call();
  if (!answer) throw Violation(Harm::stuck, std::string(what) + ": " + answer.error().message);
  return *std::move(answer);
}

}  // namespace

void CrewTally::print() const {
  std::cout << accepted << " tasks accepted, " << repeated << " enqueues sent again, " << conflicts
            << " with another body refused; " << runs << " runs, " << again << " of them again; " << lost_leases
            << " leases lost\n";
}

void Lateness::add(Progress::Clock::duration took) {
  ++times_;
  late_ += took > kPromised;
  longest_ = std::max(longest_, took);
}

bool Lateness::passes() const {
  if (times_ < kMany || (longest_ <= kMost && late_ * 100 <= times_)) return true;
  std::cout << "TOO LATE: " << late_ << " of " << times_ << " times, the longest after "
            << std::chrono::duration_cast<std::chrono::seconds>(longest_).count() << " s\n";
  return false;
}

Crew::Crew(const Scratch& scratch, const RedisPlace& place, const RedisPlace& direct, std::uint64_t seed,
           std::chrono::milliseconds pace)
    : path_(scratch.fresh("load") + "/load"),
      load_(Shared<Load>::As::made, path_),
      direct_(direct),
      pace_(pace),
      random_(seed),
      producer_(TaskManager::open(load_options(place))) {
  load_->place = place;
  load_->next = 1;
  for (std::size_t i = 0; i < kWorkers; ++i) workers_.emplace_back(std::vector<std::string>{"--worker", path_});
  thread_ = std::thread([this] { produce(); });
}

Crew::~Crew() {
  producing_ = false;
  if (thread_.joinable()) thread_.join();
}

std::uint32_t Crew::behind() const { return static_cast<std::uint32_t>(load_->next - 1) - load_->ends.count(); }

void Crew::audit() const {
  testing::TestHost host;
  check_audit(*open_redis(direct_, host));
}

bool Crew::room() const { return load_->next < kLoadTasks * 3 / 4; }

void Crew::work(std::uint32_t more, std::optional<unsigned> queue) {
  const Progress& ends = queue ? load_->ends_of[*queue] : load_->ends;
  const std::uint32_t wanted = ends.count() + more;
  for (const auto end = Clock::now() + kStuck; !ends.reaches(wanted, Clock::now() + 10 * kLook);) {
    if (failed_) throw *wrong_;
    if (Clock::now() > end) stuck("no task has ended for a minute");
  }
}

// With what there is to see of it.
void Crew::stuck(const std::string& what) {
  std::string all = what + "; " + std::to_string(load_->next - 1) + " tasks sent, " +
                    std::to_string(load_->ends.count()) + " ended, last complaint: " + load_->complaint.text();
  testing::TestHost host;
  const auto store = open_redis(direct_, host);
  const auto counts = store->counts();
  if (!counts) throw Violation(Harm::stuck, all + "; counts: " + counts.error().message);
  for (const Counts& c : *counts) {
    all += "; " + c.queue + ":";
    for (const std::uint64_t n : c.by_state) all += " " + std::to_string(n);
  }
  throw Violation(Harm::stuck, all);
}

void Crew::go_on(Lateness& lateness, std::optional<unsigned> queue) {
  const auto since = Clock::now();
  work(1, queue);
  lateness.add(Clock::now() - since);
}

void Crew::kill_worker(std::size_t i) {
  workers_[i].kill();
  const End end = workers_[i].wait();
  if (!end.killed()) throw Violation(Harm::stuck, "a worker " + end.text() + ": " + load_->complaint.text());
  workers_[i] = Child({"--worker", path_});
}

void Crew::pause_worker(std::size_t i) { workers_[i].send(SIGSTOP); }
void Crew::resume_worker(std::size_t i) { workers_[i].send(SIGCONT); }

// ---- the producer

// Tasks whose end nobody could note (its worker was killed) count as waiting for ever: a few at a time.
void Crew::produce() {
  try {
    std::uint32_t unseen = 0;
    while (producing_ && load_->next < kLoadTasks - 32) {
      if (behind() < kMostWaiting + unseen) {
        put_some();
        std::this_thread::sleep_for(pace_);
      } else if (!load_->ends.reaches(load_->ends.count() + 1, Clock::now() + 10 * kLook)) {
        unseen += 20;
      }
    }
    return;
  } catch (const Violation& e) {
    wrong_ = e;
  } catch (const std::exception& e) {
    wrong_ = Violation(Harm::corrupt, std::string("the producer: ") + e.what());
  }
  failed_ = true;
}

std::vector<Enqueued> Crew::put(std::span<const int> tasks, bool other_bodies) {
  std::vector<Draft> drafts;
  std::vector<TaskId> ids;
  for (const int n : tasks) {
    drafts.push_back({kLoadPolicy, body_of(n) + (other_bodies ? "!" : ""), ""});
    ids.push_back(id_of(n));
  }
  EnqueueOptions options;
  options.queue = load_queue(load_->task(tasks.front()).queue);
  return producer_.enqueue_drafts(std::move(drafts), options, ids);
}

// What had no answer may be there already, and is sent again until it has one: it is there once (row W11). A queue that
// is away holds up no other.
void Crew::put_some() {
  const auto queue = static_cast<std::uint8_t>(random_() % kLoadQueues);
  std::vector<int>& open = open_[queue];
  if (open.empty()) {
    const auto count = static_cast<int>(1 + random_() % 16);
    const int first = load_->next.fetch_add(count);
    for (int n = first; n < first + count; ++n) {
      open.push_back(n);
      load_->task(n).queue = queue, load_->task(n).sent = 1;
    }
  } else {
    ++repeated_;
  }
  const std::vector<int> sent = std::exchange(open, {});
  const std::vector<Enqueued> answers = put(sent, false);
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const Enqueued& e = answers[i];
    const bool unanswered = e.error && (e.error->retryable || e.error->code == Errc::unknown_outcome);
    if (!unanswered) check_in(sent[i], e);
    if (unanswered) open.push_back(sent[i]), load_->complaint.say("the producer: " + e.error->message);
  }
  if (!open.empty()) load_->ends.reaches(load_->ends.count() + 1, Clock::now() + std::chrono::milliseconds(2));
  if (open.empty() && random_() % 4 == 0) put_again(sent.front());
}

// `exists` is an answer too: the manager sends again by itself what had none.
void Crew::check_in(int task, const Enqueued& e) {
  if (!e.accepted())
    throw Violation(Harm::stuck, "task " + std::to_string(task) + " is refused: " +
                                     (e.error ? e.error->message : "item " + std::to_string(static_cast<int>(e.what))));
  load_->task(task).accepted = 1;
}

// The same id: with the same body it is there, with another it is in conflict (row W12), as long as the body is kept.
void Crew::put_again(int task) {
  const bool other = random_() % 2 == 0;
  for (int i = 0; i < 10 && producing_; ++i) {
    const Enqueued e = put(std::span(&task, 1), other).front();
    if (e.error && e.what != Item::conflict && (e.error->retryable || e.error->code == Errc::unknown_outcome)) continue;
    if (e.what != Item::exists && (e.what != Item::conflict || !other))
      throw Violation(Harm::duplicate, "task " + std::to_string(task) + " is taken a second time: item " +
                                           std::to_string(static_cast<int>(e.what)));
    repeated_ += e.what == Item::exists, conflicts_ += e.what == Item::conflict;
    return;
  }
}

// ---- the end

void Crew::finish(CrewTally& tally) {
  producing_ = false;
  thread_.join();
  if (wrong_) throw *wrong_;
  testing::TestHost host;
  const auto store = open_redis(direct_, host);
  wait_until_empty(*store);
  stop_workers();
  count_up(*store, tally);
  check_audit(*store);
  tally.repeated += repeated_;
  tally.conflicts += conflicts_;
}

void Crew::wait_until_empty(DurableBackend& store) {
  for (const auto end = Clock::now() + kStuck; Clock::now() < end;) {
    std::uint64_t left = 0;
    for (const Counts& c : insist("counts", [&] { return store.counts(); })) {
      for (const State s : {State::held, State::scheduled, State::ready, State::leased})
        left += c.by_state[static_cast<std::size_t>(s)];
    }
    if (left == 0) return;
    load_->ends.reaches(load_->ends.count() + 1, Clock::now() + kLook);
  }
  stuck("not all is done a minute after the last fault");
}

void Crew::stop_workers() {
  load_->stop.raise();
  for (Child& worker : workers_) {
    const End end = worker.wait();
    if (!end.well()) throw Violation(Harm::stuck, "a worker " + end.text() + ": " + load_->complaint.text());
  }
  workers_.clear();
}

void Crew::count_up(DurableBackend& store, CrewTally& tally) {
  if (load_->wrong_payloads > 0) throw Violation(Harm::corrupt, "a payload came back changed");
  if (load_->started_twice > 0) throw Violation(Harm::duplicate, "two runs of a task under one epoch");
  const int last = std::min<int>(load_->next, kLoadTasks) - 1;
  std::vector<int> tasks;
  std::vector<std::string> queues;
  for (unsigned q = 0; q < kLoadQueues; ++q) queues.push_back(load_queue(q));
  for (int from = 1; from <= last; from += 200) {
    std::vector<TaskKey> keys;
    for (int n = from; n <= last && n < from + 200; ++n) keys.push_back({queues[load_->task(n).queue], id_of(n)});
    const auto records = insist("get", [&] { return store.get(keys); });
    for (std::size_t i = 0; i < records.size(); ++i) judge(from + static_cast<int>(i), records[i], tally);
  }
  tally.lost_leases += load_->lost;
}

void Crew::judge(int number, const std::optional<Record>& record, CrewTally& tally) const {
  const Load::Task& task = load_->tasks[static_cast<std::size_t>(number)];
  const std::string name = "task " + std::to_string(number);
  if (task.accepted && !record) throw Violation(Harm::lost, name + " was accepted, and is not there");
  if (record && !task.sent) throw Violation(Harm::corrupt, name + " is there, and nobody sent it");
  if (record && record->state != State::succeeded) throw Violation(Harm::stuck, name + " has not succeeded");
  if (record && task.starts == 0) throw Violation(Harm::lost, name + " has succeeded, and never ran");
  if (!record && task.starts > 0) throw Violation(Harm::lost, name + " has run, and is not there");
  if (task.ends > 1) throw Violation(Harm::duplicate, name + " was acknowledged twice");
  tally.accepted += task.accepted;
  tally.runs += task.starts;
  // Every sixteenth fails the first time.
  const int wanted = number % 16 == 0 ? 2 : 1;
  if (task.starts > wanted) tally.again += static_cast<unsigned>(task.starts - wanted);
}

}  // namespace penstock::torture
