// The part of Store that puts tasks in. Callers who come at the same time share a script and a flush.
#include <algorithm>

#include "checks.hpp"
#include "packing.hpp"
#include "store.hpp"

namespace penstock::redis {
namespace {

constexpr std::size_t kMostTasks = 1000;  // in one script, unless one caller has more
constexpr std::size_t kWorthItsOwn = 32;  // so many tasks wait for nobody: a round trip is little beside them

}  // namespace

// What one script does: the tasks of some callers, by queue.
struct Store::Plan {
  struct Place {
    const NewTask* task;
    Admission* answer;
  };
  ByQueue queues;
  std::vector<std::vector<Place>> parts;
  std::vector<Putting*> callers;
  std::size_t tasks = 0, runs = 0;

  void add(Putting& caller, std::uint64_t max_body) {
    caller.answers = std::vector<Admission>(caller.tasks.size());
    for (std::size_t i = 0; i < caller.tasks.size(); ++i) {
      const NewTask& t = caller.tasks[i];
      (*caller.answers)[i] = {Item::invalid, t.key.id};
      if (!valid(t, max_body)) continue;
      const std::size_t at = queues.group(t.key.queue);
      if (at == parts.size()) parts.emplace_back();
      parts[at].push_back({&t, &(*caller.answers)[i]});
      ++tasks;
    }
    callers.push_back(&caller);
  }
  void fail(const Error& error) {
    for (Putting* caller : callers) caller->answers = error;
  }
};

Result<std::vector<Admission>> Store::enqueue(std::span<const NewTask> tasks, const Guard* guard) {
  if (auto e = wrong(tasks)) return *e;
  if (guard && !one_call()) return Error{Errc::unsupported, "a cluster has no guards: its documents are elsewhere"};
  if (guard) {
    if (auto e = wrong_document(guard->document, guard->value, max_body())) return *e;
  }
  Putting mine(tasks, guard);
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
    for (Putting* caller : callers) {
      if (plans.back().tasks > 0 && plans.back().tasks + caller->tasks.size() > kMostTasks) plans.emplace_back();
      plans.back().add(*caller, max_body());
    }
    run(plans);
    return true;
  });
  if (done) return;
  for (Putting* caller : callers) caller->answers = done.error();
}

void Store::run(std::span<Plan> plans) {
  bool fresh = false;
  std::vector<Server::Run> runs;
  for (Plan& plan : plans) {
    const Guard* guard = plan.callers.front()->guard;
    if (plan.tasks == 0 && !guard) continue;
    if (auto e = enroll(plan, fresh)) {
      plan.fail(*e);
      continue;
    }
    const std::size_t parts = plan.parts.size(), most = one_call() || parts == 0 ? parts : 1;
    for (std::size_t from = 0; plan.runs == 0 || from < parts; from += most, ++plan.runs)
      runs.push_back(script(plan, from, std::min(parts, from + most), guard));
  }
  auto answers = server_.run(runs);
  std::size_t at = 0;
  Bell::Rings rings;
  for (Plan& plan : plans) {
    read(plan, std::span(answers).subspan(at, plan.runs), rings);
    at += plan.runs;
  }
  bell_.learn(rings, 0);
  const bool rang = std::any_of(rings.begin(), rings.end(), [](const auto& r) { return r.second != 0; });
  if (fresh && !rang) (void)server_.command({"PUBLISH", server_.channel(), "new"});
}

std::optional<Error> Store::enroll(const Plan& plan, bool& fresh) {
  for (const std::string_view name : plan.queues.names()) {
    auto added = server_.enroll(name);
    if (!added) return added.error();
    fresh |= *added;
  }
  return std::nullopt;
}

Server::Run Store::script(const Plan& plan, std::size_t from, std::size_t to, const Guard* guard) {
  Server::Run run{server_.scripts().enqueue, {}, server_.words()};
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
  std::vector<Reply> replies;
  for (auto& answer : answers) {
    if (!answer) return plan.fail(answers.size() == 1 ? answer.error() : half_done(answer.error()));
    replies.push_back(std::move(*answer));
  }
  if (const Guard* guard = plan.callers.front()->guard; guard && replies.front().kind() == Reply::Kind::integer) {
    return plan.fail(Error{Errc::conflict, "document " + std::string(guard->document) + " is at revision " +
                                               std::to_string(replies.front().integer()) + ", not " +
                                               std::to_string(guard->revision)});
  }
  Answers in(std::move(replies));
  for (std::size_t i = 0; i < plan.parts.size(); ++i) {
    const Reply items = in.next(), others = in.next();
    std::string_view holders = others.text();
    for (std::size_t k = 0; k < plan.parts[i].size() && k < items.text().size(); ++k) {
      Admission& a = *plan.parts[i][k].answer;
      const auto what = static_cast<unsigned char>(items.text()[k]);
      a.what = static_cast<Item>(what % 16);
      if (what < 16 || holders.size() < 16) continue;
      a.id = task_id(holders.substr(0, 16));
      holders.remove_prefix(16);
    }
    rings.emplace_back(server_.key(plan.queues.names()[i]), static_cast<std::uint64_t>(integer(in.text())));
  }
}

}  // namespace penstock::redis
