#include "server.hpp"

#include <algorithm>

namespace penstock::redis {

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

std::vector<Result<Reply>> Server::run(std::span<Run> runs, Lane lane) {
  std::vector<std::vector<std::string_view>> keys, words;
  std::vector<Call> calls;
  const std::string wait_for = std::to_string(options_.replicas);
  // A quarter each: there is time left to load a script that the server does not know, and to send it again.
  const std::string wait_ms = std::to_string(std::max<std::int64_t>(1, options_.timeout.count() / 4));
  const std::string_view wait[] = {"WAIT", wait_for, wait_ms};
  keys.reserve(runs.size());
  words.reserve(runs.size());
  for (const Run& r : runs) {
    keys.emplace_back(r.keys.begin(), r.keys.end());
    words.push_back(r.words.list());
    Call c;
    c.route = keys.back().empty() ? std::string_view() : keys.back().front();
    c.script = &r.script;
    c.keys = keys.back();
    c.args = words.back();
    c.safe_to_repeat = !r.writes;
    calls.push_back(c);
    if (!r.writes || options_.replicas == 0) continue;
    Call w;
    w.args = wait;
    w.follows = true;
    calls.push_back(w);
  }
  auto answers = client_.call(calls, Clock::now() + options_.timeout, lane);
  std::vector<Result<Reply>> out;
  out.reserve(runs.size());
  std::size_t at = 0;
  for (const Run& r : runs) {
    out.push_back(std::move(answers[at++]));
    if (!out.back() && out.back().error().message.find("the store is damaged") != std::string::npos)
      out.back() = Error{Errc::data_regression, out.back().error().message};
    if (!r.writes || options_.replicas == 0) continue;
    const auto& confirmed = answers[at++];
    if (!out.back() || (confirmed && confirmed->integer() >= options_.replicas)) continue;
    out.back() = Error{Errc::unknown_outcome,
                       "done, but " + (confirmed ? std::to_string(confirmed->integer()) : std::string("no")) + " of " +
                           wait_for + " replicas have confirmed it",
                       true};
  }
  return out;
}

Result<Reply> Server::run(Run run, Lane lane) { return std::move(this->run(std::span(&run, 1), lane).front()); }

Result<Reply> Server::command(std::initializer_list<std::string_view> words, bool repeatable) {
  Call c;
  const std::vector<std::string_view> list(words);
  c.args = list;
  if (list.size() > 1) c.route = list[1];
  c.safe_to_repeat = repeatable;
  return client_.call(c, Clock::now() + options_.timeout);
}

Result<std::vector<std::string>> Server::queues() {
  auto names = command({"SMEMBERS", queues_key_}, true);
  if (!names) return names.error();
  std::vector<std::string> out;
  for (std::size_t i = 0; i < names->size(); ++i) out.emplace_back((*names)[i].text());
  std::sort(out.begin(), out.end());
  return out;
}

Result<bool> Server::enroll(std::string_view queue) {
  {
    std::lock_guard lock(mutex_);
    if (enrolled_.contains(queue)) return false;
  }
  // Added first, asked for the hold then: whoever sets one does it the other way round.
  auto added = command({"SADD", queues_key_, queue}, true);
  if (!added) return added.error();
  Run ask{scripts_.all, {shared("hold")}, words(), false};
  ask.words.add("");
  auto held = run(std::move(ask));
  if (!held) return held.error();
  if (!held->text().empty()) {
    Run hold{scripts_.gate, {key(queue)}, words()};
    hold.words.add("");
    hold.words.add("all");
    hold.words.add(held->text() == "ever" ? std::string_view("-1") : held->text());
    if (auto done = run(std::move(hold)); !done) return done.error();
  }
  std::lock_guard lock(mutex_);
  enrolled_.emplace(queue);
  return added->integer() == 1;
}

Error half_done(const Error& why) {
  return {Errc::unknown_outcome, "a part of it may have been done: " + why.message, true};
}

}  // namespace penstock::redis
