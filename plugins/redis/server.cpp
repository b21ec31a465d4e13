#include "server.hpp"

#include <algorithm>
#include <mutant.hpp>

namespace penstock::redis {
namespace {

// While its slot moves, the keys of a queue are on two nodes, and a script would take what it does not find for what is
// not there. A second key that never is makes both nodes refuse it (TRYAGAIN) until the slot has settled. Scripts drop
// it: lua/common.lua.
void refuse_while_it_moves(std::vector<std::string>& keys) {
  std::string nowhere = keys.front() + "-";
  if (keys.back() != nowhere) keys.push_back(std::move(nowhere));
}

}  // namespace

Server::Server(Options options, StoreOptions store, TimeSource* time)
    : options_(std::move(store)),
      time_(time),
      channel_(shared("bell")),
      queues_key_(shared("queues")),
      client_(std::move(options)) {}

Words Server::words() {
  Words words;
  if (time_) {
    words.make([this](std::string& out) {
      append(out, static_cast<double>(time_->wall().time_since_epoch().count()));
      append(out, static_cast<double>(time_->boot().count()));
    });
  } else {
    words.add("");
  }
  words.add(channel_);
  return words;
}

std::vector<Result<Reply>> Server::run(std::span<Run> runs, Deadline deadline, Lane lane) {
  std::vector<std::vector<std::string_view>> keys, words;
  std::vector<Call> calls;
  const std::string wait_for = std::to_string(options_.replicas);
  // A quarter each: there is time left to load a script that the server does not know, and to send it again.
  const std::string wait_ms = std::to_string(std::max<std::int64_t>(1, options_.timeout.count() / 4));
  const std::string_view wait[] = {"WAIT", wait_for, wait_ms};
  const bool waits = options_.replicas > 0 && !mutant("redis.wait.left_out");
  keys.reserve(runs.size());
  words.reserve(runs.size());
  for (Run& r : runs) {
    if (cluster()) refuse_while_it_moves(r.keys);
    keys.emplace_back(r.keys.begin(), r.keys.end());
    words.push_back(r.words.list());
    Call c;
    c.route = keys.back().empty() ? std::string_view() : keys.back().front();
    c.script = &r.script;
    c.keys = keys.back();
    c.args = words.back();
    c.safe_to_repeat = !r.writes;
    calls.push_back(c);
    if (!r.writes || !waits) continue;
    Call w;
    w.args = wait;
    w.follows = true;
    calls.push_back(w);
  }
  auto answers = client_.call(calls, deadline, lane);
  std::vector<Result<Reply>> out;
  out.reserve(runs.size());
  std::size_t at = 0;
  for (const Run& r : runs) {
    out.push_back(std::move(answers[at++]));
    if (!out.back() && out.back().error().message.find("the store is damaged") != std::string::npos)
      out.back() = Error{Errc::data_regression, out.back().error().message};
    if (!r.writes || !waits) continue;
    const auto& confirmed = answers[at++];
    if (!out.back() || (confirmed && confirmed->integer() >= options_.replicas)) continue;
    if (mutant("redis.wait.ignored")) continue;
    out.back() = Error{Errc::unknown_outcome,
                       "done, but " + (confirmed ? std::to_string(confirmed->integer()) : std::string("no")) + " of " +
                           wait_for + " replicas have confirmed it",
                       true};
  }
  return out;
}

Result<Reply> Server::run(Run run, Deadline deadline, Lane lane) {
  return std::move(this->run(std::span(&run, 1), deadline, lane).front());
}

Result<Reply> Server::command(std::initializer_list<std::string_view> words, Deadline deadline, bool repeatable) {
  Call c;
  const std::vector<std::string_view> list(words);
  c.args = list;
  if (list.size() > 1) c.route = list[1];
  c.safe_to_repeat = repeatable;
  return client_.call(c, deadline);
}

Result<std::vector<std::string>> Server::queues(Deadline deadline) {
  auto names = command({"SMEMBERS", queues_key_}, deadline, true);
  if (!names) return names.error();
  std::vector<std::string> out;
  for (std::size_t i = 0; i < names->size(); ++i) out.emplace_back((*names)[i].text());
  std::sort(out.begin(), out.end());
  return out;
}

Millis Server::now() const {
  return time_ ? time_->boot() : std::chrono::duration_cast<Millis>(Clock::now().time_since_epoch());
}

Server::Run Server::all(std::string_view ms, std::string_view queue) {
  Run run{scripts_.all, {shared("hold"), queues_key_}, words(), !ms.empty()};
  run.words.add(ms);
  run.words.add(queue);
  return run;
}

Server::Run Server::hold_of_all(std::string_view queue, std::string_view ms, bool instead) {
  Run run{scripts_.gate, {key(queue)}, words()};
  run.words.add("");
  run.words.add("all");
  if (instead) run.words.add("0");
  run.words.add(ms);
  return run;
}

Result<Server::Enrolled> Server::enroll(std::string_view queue, Deadline deadline, bool again) {
  bool first = true, in_doubt = false;
  {
    std::lock_guard lock(mutex_);
    const auto name = names_.find(queue);
    first = name == names_.end() || !name->second.known;
    in_doubt = name != names_.end() && name->second.in_doubt;
    if (!first && !again && fresh(name->second)) return Enrolled::remembered;
  }
  const bool can_wait = !first && !again;
  // The name first, the hold then: whoever sets one does it the other way round.
  const auto told = run(all("", queue), can_wait ? beside(deadline) : deadline);
  if (!told) {
    if (!can_wait) return told.error();
    std::lock_guard lock(mutex_);
    names_[std::string(queue)].asked = now();  // in a Cluster it may be another server, that is away: another time
    return Enrolled::remembered;
  }
  const bool held = !(*told)[0].text().empty(), added = (*told)[1].integer() == 1;
  if (in_doubt || (held && (first || added))) {
    if (auto e = pass_on(queue, *told, in_doubt, deadline)) {
      std::lock_guard lock(mutex_);
      names_[std::string(queue)].in_doubt = true;
      return *e;
    }
  }
  std::lock_guard lock(mutex_);
  names_.insert_or_assign(std::string(queue), Name{now(), true});
  return Enrolled::known;
}

// What the queue is told may be outdated when it is told: whoever has ended the hold meanwhile, or set another one, may
// have told it before. `held`: as lua/all.lua answers; `in_doubt`: the queue may know of another hold.
std::optional<Error> Server::pass_on(std::string_view queue, Reply held, bool in_doubt, Deadline deadline) {
  const auto until = [&held] { return held[0].text().empty() ? std::string() : std::string(held[2].text()); };
  for (;; in_doubt = true) {
    const std::string told = until();
    const std::string_view left = held[0].text();
    const std::string_view ms = left.empty() ? "0" : left == "ever" ? "-1" : left;
    if (auto done = run(hold_of_all(queue, ms, in_doubt), deadline); !done) return done.error();
    auto now_held = run(all(""), deadline);
    if (!now_held) return now_held.error();
    held = std::move(*now_held);
    if (until() == told) return std::nullopt;
  }
}

void Server::renew(std::string_view queue, Deadline deadline) {
  {
    std::lock_guard lock(mutex_);
    const auto name = names_.find(queue);
    if (name != names_.end() && fresh(name->second)) return;
  }
  if (enroll(queue, beside(deadline))) return;
  std::lock_guard lock(mutex_);
  names_[std::string(queue)].asked = now();
}

Error half_done(const Error& why) {
  return {Errc::unknown_outcome, "a part of it may have been done: " + why.message, true};
}

}  // namespace penstock::redis
