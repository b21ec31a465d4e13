// The part of Store that puts tasks in. Callers who come at the same time share a script and a flush.
#include <algorithm>

#include <penstock/plugin/names.hpp>

#include "../shared/call_checks.hpp"
#include "packing.hpp"
#include "store.hpp"

namespace penstock::redis {
namespace {

constexpr std::size_t kMostTasks = 1000;  // in one script, unless one caller has more
constexpr std::size_t kWorthItsOwn = 32;  // so many tasks wait for nobody: a round trip is little beside them

}  // namespace

void Store::Plan::add(Putting& caller, std::uint64_t max_body) {
  caller.answers = std::vector<Admission>(caller.tasks.size());
  shared::Items items(max_body);
  for (std::size_t i = 0; i < caller.tasks.size(); ++i) {
    const NewTask& t = caller.tasks[i];
    (*caller.answers)[i] = {Item::invalid, t.key.id};
    if (!valid_name(t.key.queue) || !items.valid(t)) continue;
    const std::size_t at = queues.group(t.key.queue);
    if (at == parts.size()) parts.emplace_back();
    parts[at].push_back({&t, &(*caller.answers)[i]});
    ++tasks;
  }
  callers.push_back(&caller);
}

void Store::Plan::fail(const Error& error) {
  for (Putting* caller : callers) caller->answers = error;
}

Result<std::vector<Admission>> Store::enqueue(std::span<const NewTask> tasks, const Guard* guard) {
  if (auto e = shared::wrong(tasks)) return *e;
  if (guard && !one_call()) return Error{Errc::unsupported, "a cluster has no guards: its documents are elsewhere"};
  if (guard) {
    if (auto e = shared::wrong_document(guard->document, guard->value, max_body())) return *e;
  }
  Putting mine(tasks, guard, server_.deadline());
  if (guard || tasks.size() >= kWorthItsOwn) {
    Putting* alone = &mine;
    put_all(std::span(&alone, 1));
  } else {
    turns_.take(
        mine, std::chrono::nanoseconds(0), [this](std::span<Putting* const> group) { put_all(group); }, [] {});
  }
  return std::move(mine.answers);
}

// Does not throw: whatever is thrown is every caller's error.
void Store::put_all(std::span<Putting* const> callers) noexcept {
  auto done = penstock::guard([&]() -> Result<bool> {
    std::vector<Plan> plans(1);
    Deadline end = Deadline::max();
    for (Putting* caller : callers) {
      if (caller->end <= Clock::now()) {
        caller->answers = Error{Errc::unavailable, "the time of the call was over when its turn came", true};
        continue;
      }
      end = std::min(end, caller->end);
      if (plans.back().tasks > 0 && plans.back().tasks + caller->tasks.size() > kMostTasks) plans.emplace_back();
      plans.back().add(*caller, max_body());
    }
    run(plans, end);
    return true;
  });
  if (done) return;
  for (Putting* caller : callers) caller->answers = done.error();
}

void Store::run(std::span<Plan> plans, Deadline end) {
  std::vector<Server::Run> runs;
  for (Plan& plan : plans) {
    if (plan.callers.empty() || (plan.tasks == 0 && !plan.callers.front()->guard)) continue;
    if (auto e = enroll(plan, end)) {
      plan.fail(*e);
      continue;
    }
    const std::size_t parts = plan.parts.size(), most = one_call() || parts == 0 ? parts : 1;
    for (std::size_t from = 0; plan.runs == 0 || from < parts; from += most, ++plan.runs)
      runs.push_back(script(plan, from, std::min(parts, from + most)));
  }
  auto answers = server_.run(runs, end);
  std::size_t at = 0;
  Bell::Rings rings;
  for (Plan& plan : plans) {
    const auto own = std::span(answers).subspan(at, plan.runs);
    if (plan.remembered) send_again(plan, own, end);
    read(plan, own, rings);
    at += plan.runs;
  }
  bell_.learn(rings, 0);
}

// `again`: whatever this process remembers of them.
std::optional<Error> Store::enroll(Plan& plan, Deadline end, bool again) {
  plan.remembered = false;
  for (const std::string_view name : plan.queues.names()) {
    auto done = server_.enroll(name, end, again);
    if (!done) return done.error();
    plan.remembered |= *done == Server::Enrolled::remembered;
  }
  return std::nullopt;
}

// Scripts that found a queue without a past have done nothing: the store was emptied, and with it the names of the
// queues, so that nobody would find the tasks.
void Store::send_again(Plan& plan, std::span<Result<Reply>> answers, Deadline end) {
  const std::size_t parts = plan.parts.size(), most = one_call() ? parts : 1;
  std::optional<Error> failed;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i] || answers[i]->text() != "enroll") continue;
    if (plan.remembered) failed = enroll(plan, end, true);
    if (failed) {
      answers[i] = *failed;
    } else {
      answers[i] = server_.run(script(plan, i * most, std::min(parts, (i + 1) * most)), end);
    }
  }
}

Server::Run Store::script(const Plan& plan, std::size_t from, std::size_t to) {
  const Guard* guard = plan.callers.front()->guard;
  Server::Run run{server_.scripts().enqueue, {}, server_.words()};
  run.words.add(plan.remembered ? "1" : "");
  run.words.add(guard ? guard->document : std::string_view());
  if (guard) {
    run.words.add(static_cast<std::int64_t>(guard->revision));
    run.words.add(guard->value);
  }
  for (std::size_t i = from; i < to; ++i) {
    run.keys.push_back(server_.key(plan.queues.names()[i]));
    run.words.add(static_cast<std::int64_t>(plan.parts[i].size()));
    for (const Plan::Place& p : plan.parts[i]) add_task(run.words, *p.task);
  }
  if (guard) run.keys.push_back(server_.shared("documents"));
  return run;
}

void Store::read(Plan& plan, std::span<Result<Reply>> answers, Bell::Rings& rings) {
  if (answers.empty()) return;
  if (auto e = failure_of(answers)) return plan.fail(*e);
  const Guard* guard = plan.callers.front()->guard;
  if (guard && answers.front()->kind() == Reply::Kind::integer) {
    return plan.fail(
        shared::outdated(guard->document, guard->revision, static_cast<std::uint64_t>(answers.front()->integer())));
  }
  const std::size_t most = one_call() ? plan.parts.size() : 1;
  for (std::size_t i = 0; i < plan.parts.size(); ++i) {
    const Result<Reply>& answer = answers[i / most];
    const std::size_t at = 3 * (i % most);
    read_part(plan.parts[i], answer ? (*answer)[at].text() : std::string_view(),
              answer ? (*answer)[at + 1].text() : std::string_view());
    if (answer)
      rings.emplace_back(server_.key(plan.queues.names()[i]),
                         static_cast<std::uint64_t>(integer((*answer)[at + 2].text())));
  }
}

// Those without an answer are unknown.
void Store::read_part(std::span<const Plan::Place> places, std::string_view items, std::string_view holders) {
  for (std::size_t k = 0; k < places.size(); ++k) {
    Admission& a = *places[k].answer;
    const auto what =
        k < items.size() ? static_cast<unsigned char>(items[k]) : static_cast<unsigned char>(Item::unknown);
    a.what = static_cast<Item>(what % 16);
    if (what < 16 || holders.size() < 16) continue;
    a.id = task_id(holders.substr(0, 16));
    holders.remove_prefix(16);
  }
}

}  // namespace penstock::redis
