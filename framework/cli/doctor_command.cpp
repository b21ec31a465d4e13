// penstock doctor: whether the configured backend can be reached, what it promises, and how long it takes.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include <penstock/manager.hpp>
#include <penstock/task.hpp>

#include "cli/commands.hpp"
#include "cli/flow_words.hpp"
#include "cli/setup.hpp"
#include "config/text.hpp"

namespace penstock::cli {
namespace {

constexpr const char* kOwn = "penstock.doctor";  // a queue and a kind that nobody else uses
constexpr int kRounds = 50;
constexpr Millis kLease{10'000};

using Times = std::vector<std::chrono::nanoseconds>;

void print_line(const std::string& what, const std::string& value) {
  std::printf("%-18s  %s\n", config::printable(what).c_str(), config::printable(value, 1000).c_str());
}

void print_times(const char* what, const char* of, Times& times) {
  if (times.empty()) return;
  std::ranges::sort(times);
  print_line(what, "median " + time_words(times[times.size() / 2]) + ", longest " + time_words(times.back()) + " of " +
                       std::to_string(times.size()) + of);
}

// Prints what the store says of itself, and returns how much of that is a risk.
int print_findings(DurableBackend& backend) {
  auto* diagnosis = query<Diagnosis>(backend);
  if (!diagnosis) {
    print_line("durability", backend.properties().durability);
    return 0;
  }
  int risks = 0;
  for (const Finding& f : value_or_throw(diagnosis->diagnose())) {
    print_line(f.what, f.value);
    if (f.risk.empty()) continue;
    print_line("  risk", f.risk);
    ++risks;
  }
  return risks;
}

template <class F>
Times timed(F&& round) {
  Times out;
  for (int i = 0; i < kRounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    if (!round()) break;
    out.push_back(std::chrono::steady_clock::now() - start);
  }
  return out;
}

bool look(DurableBackend& backend) {
  const TaskKey nobody{kOwn, make_task_id()};
  value_or_throw(backend.get(std::span(&nobody, 1)));
  return true;
}

Exchange claim_of(const Share& share) {
  Exchange x;
  x.worker = kOwn;
  x.claim = std::span(&share, 1);
  x.limit = share.quota;
  x.lease = kLease;
  return x;
}

std::vector<Settlement> ends_of(const std::vector<Leased>& tasks) {
  std::vector<Settlement> out;
  for (const Leased& task : tasks) {
    Settlement& end = out.emplace_back();
    end.key = {kOwn, task.id};
    end.epoch = task.epoch;
    end.to = State::succeeded;
  }
  return out;
}

// Ends what doctors before this one have left, as the store failed in the midst of a round.
void clean(DurableBackend& backend) {
  const Share all{kOwn, kRounds};
  std::vector<Settlement> ends;
  do {
    Exchange x = claim_of(all);
    x.settle = ends;
    ends = ends_of(value_or_throw(backend.exchange(x)).leased);
  } while (!ends.empty());
  Retention none;
  none.queue = kOwn;
  none.state = State::cancelled;
  none.age = Millis(0);
  none.at_most = kRounds;
  value_or_throw(backend.trim(none));
}

// Enqueue, claim, settle. False: a worker that serves all queues has taken it.
bool live(DurableBackend& backend, const NewTask& task) {
  value_or_throw(backend.enqueue(std::span(&task, 1), nullptr));
  const Share one{kOwn, 1};
  const Exchanged got = value_or_throw(backend.exchange(claim_of(one)));
  if (got.leased.empty()) return false;
  const std::vector<Settlement> end = ends_of(got.leased);
  Exchange settle;
  settle.worker = kOwn;
  settle.settle = end;
  settle.lease = kLease;
  value_or_throw(backend.exchange(settle));
  return true;
}

// The life of a task. One that cannot be ended is cancelled, and no more are sent.
bool live(DurableBackend& backend) {
  NewTask task;
  task.key = {kOwn, make_task_id()};
  task.kind = kOwn;
  try {
    if (live(backend, task)) return true;
  } catch (const Exception&) {
    (void)backend.cancel(std::span(&task.key, 1));  // if that fails as well, the next doctor ends it
    throw;
  }
  value_or_throw(backend.cancel(std::span(&task.key, 1)));
  return false;
}

}  // namespace

int doctor(const Arguments& arguments) {
  return reported([&] {
    Options options = read_config(file_of(arguments));
    options.handler_modules.clear();
    print_line("backend", options.backend.use);
    TaskManager tasks = open_to_look(std::move(options));
    DurableBackend& backend = tasks.backend();
    const int risks = print_findings(backend);
    Times looks = timed([&] { return look(backend); });
    print_times("round trip", " look-ups", looks);
    clean(backend);
    Times lives = timed([&] { return live(backend); });
    print_times("one whole task", ", enqueued, claimed and settled one after the other", lives);
    if (lives.size() < kRounds) print_line("one whole task", "not measured: a worker that serves every queue took it");
    std::printf(risks == 0 ? "nothing is risky\n" : "%d risk%s\n", risks, risks == 1 ? "" : "s");
    return static_cast<int>(risks == 0 ? kOk : kFailed);
  });
}

}  // namespace penstock::cli
