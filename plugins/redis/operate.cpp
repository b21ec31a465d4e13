// The part of Store that looks at tasks, and what people do to them.
#include <algorithm>
#include <charconv>

#include <penstock/plugin/names.hpp>

#include "../shared/call_checks.hpp"
#include "packing.hpp"
#include "store.hpp"

namespace penstock::redis {
namespace {

constexpr std::size_t kCountedAtOnce = 200;  // queues
constexpr int kLooks = 20;                   // at 1,000 tasks each, for one page that has something already
constexpr std::uint32_t kMostTrimmed = 300;  // by one script; trim.lua says what else it looks at

// Batches of keys as runs of a script that takes one queue, and where their answers go.
struct ByKey {
  ByQueue queues;
  std::vector<std::vector<std::size_t>> parts;
  explicit ByKey(std::span<const TaskKey> keys) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (!valid_name(keys[i].queue)) continue;
      const std::size_t at = queues.group(keys[i].queue);
      if (at == parts.size()) parts.emplace_back();
      parts[at].push_back(i);
    }
  }
};

}  // namespace

template <class Words>
Result<std::vector<Item>> Store::each(std::span<const TaskKey> keys, const Script& script, Words words) {
  const Deadline end = server_.deadline();
  if (auto e = shared::wrong(keys)) return *e;
  std::vector<Item> out(keys.size(), Item::invalid);
  const ByKey by(keys);
  std::vector<Server::Run> runs;
  for (std::size_t i = 0; i < by.parts.size(); ++i) {
    Server::Run& run = runs.emplace_back(Server::Run{script, {server_.key(by.queues.names()[i])}, server_.words()});
    words(run.words);
    for (std::size_t k : by.parts[i]) run.words.add(octets(keys[k].id));
  }
  auto answers = server_.run(runs, end);
  if (auto e = failure_of(answers)) return *e;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string_view items = answers[i] ? answers[i]->text() : std::string_view();
    for (std::size_t k = 0; k < by.parts[i].size(); ++k)
      out[by.parts[i][k]] = k < items.size() ? static_cast<Item>(items[k]) : Item::unknown;
  }
  return out;
}

Result<std::vector<Item>> Store::cancel(std::span<const TaskKey> keys) {
  return each(keys, server_.scripts().cancel, [](Words&) {});
}

Result<std::vector<Item>> Store::move(std::span<const TaskKey> keys, State from, State to, Millis delay) {
  if (auto e = shared::wrong_move(keys, from, to, delay)) return *e;
  return each(keys, server_.scripts().move, [&](Words& words) {
    words.add(static_cast<std::int64_t>(from));
    words.add(static_cast<std::int64_t>(to));
    words.add(std::int64_t{delay.count()});
  });
}

Result<std::vector<std::optional<Record>>> Store::get(std::span<const TaskKey> keys) {
  const Deadline end = server_.deadline();
  if (auto e = shared::wrong(keys)) return *e;
  std::vector<std::optional<Record>> out(keys.size());
  const ByKey by(keys);
  std::vector<Server::Run> runs;
  for (std::size_t i = 0; i < by.parts.size(); ++i) {
    Server::Run& run = runs.emplace_back(
        Server::Run{server_.scripts().get, {server_.key(by.queues.names()[i])}, server_.words(), false});
    for (std::size_t k : by.parts[i]) run.words.add(octets(keys[k].id));
  }
  auto answers = server_.run(runs, end);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) return answers[i].error();
    const Reply& a = *answers[i];
    const Time now(Millis(integer(a[a.size() - 1].text())));
    for (std::size_t k = 0; k < by.parts[i].size(); ++k)
      out[by.parts[i][k]] = read_task(a[3 * k].text(), a[3 * k + 1].text(), a[3 * k + 2].text(), now);
  }
  return out;
}

Result<std::vector<Counts>> Store::counts() {
  const Deadline end = server_.deadline();
  auto names = server_.queues(end);
  if (!names) return names.error();
  std::vector<Server::Run> runs;
  const std::size_t most = one_call() ? kCountedAtOnce : 1;
  for (std::size_t i = 0; i < names->size(); i += most) {
    Server::Run& run = runs.emplace_back(Server::Run{server_.scripts().counts, {}, server_.words(), false});
    for (std::size_t k = i; k < std::min(names->size(), i + most); ++k) run.keys.push_back(server_.key((*names)[k]));
  }
  auto answers = server_.run(runs, end);
  std::vector<Reply> replies;
  for (auto& a : answers) {
    if (!a) return a.error();
    replies.push_back(std::move(*a));
  }
  std::vector<Counts> out;
  if (replies.empty()) return out;
  Answers in(std::move(replies));
  for (std::string& name : *names) {
    const Reply counted = in.next();
    if (counted.text().empty()) continue;
    Counts& c = out.emplace_back();
    c.queue = std::move(name);
    for (std::size_t s = 1; s < kStates; ++s)
      c.by_state[s] = static_cast<std::uint64_t>(std::max(0.0, number(counted.text(), 8 * (s - 1))));
    c.bytes_ended = static_cast<std::uint64_t>(std::max(0.0, number(counted.text(), 8 * (kStates - 1))));
  }
  return out;
}

Result<std::uint64_t> Store::trim(const Retention& r) {
  const Deadline end = server_.deadline();
  if (auto e = shared::wrong(r)) return *e;
  if (!valid_name(r.queue)) return std::uint64_t{0};
  const auto bound = [](std::uint64_t n) { return n > INT64_MAX ? std::int64_t{-1} : static_cast<std::int64_t>(n); };
  std::uint64_t done = 0;
  for (;;) {
    const auto most = static_cast<std::uint32_t>(std::min<std::uint64_t>(kMostTrimmed, r.at_most - done));
    Server::Run run{server_.scripts().trim, {server_.key(r.queue)}, server_.words()};
    run.words.add(static_cast<std::int64_t>(r.state));
    run.words.add(r.age == kKeepForever ? std::int64_t{-1} : std::max<std::int64_t>(0, r.age.count()));
    run.words.add(bound(r.count));
    run.words.add(bound(r.bytes));
    run.words.add(std::int64_t{most});
    run.words.add(std::int64_t{server_.options().remember.count()});
    auto answer = server_.run(std::move(run), end);
    if (!answer) return done == 0 ? answer.error() : half_done(answer.error());
    done += static_cast<std::uint64_t>(answer->integer());
    if (answer->integer() < std::int64_t{most} || done >= r.at_most) return done;
  }
}

Result<std::vector<std::pair<TaskId, Record>>> Store::list(const Filter& f, std::string& next) {
  const Deadline end = server_.deadline();
  std::uint64_t from = 0;
  const char* last = f.cursor.data() + f.cursor.size();
  if (!f.cursor.empty() && std::from_chars(f.cursor.data(), last, from).ptr != last) {
    return Error{Errc::invalid, "not a cursor: " + std::string(f.cursor.substr(0, 100))};
  }
  next.clear();
  std::vector<std::pair<TaskId, Record>> page;
  if (!valid_name(f.queue) || f.at_most == 0) return page;
  for (int looks = 0; page.empty() || looks < kLooks; ++looks) {
    Server::Run run{server_.scripts().list, {server_.key(f.queue)}, server_.words(), false};
    run.words.add(static_cast<std::int64_t>(f.state));
    run.words.add(f.kind);
    run.words.add(std::int64_t{f.from.time_since_epoch().count()});
    run.words.add(std::int64_t{f.to.time_since_epoch().count()});
    run.words.add(static_cast<std::int64_t>(f.at_most - page.size()));
    run.words.add(static_cast<std::int64_t>(from));
    auto answer = server_.run(std::move(run), end);
    if (!answer) return answer.error();
    const Reply& a = *answer;
    const Time now(Millis(integer(a[1].text())));
    for (std::size_t i = 2; i + 3 < a.size(); i += 4) {
      auto record = read_task(a[i + 1].text(), a[i + 2].text(), a[i + 3].text(), now);
      if (record) page.emplace_back(task_id(a[i].text()), std::move(*record));
    }
    next = a[0].text();
    if (next.empty()) break;
    from = static_cast<std::uint64_t>(integer(next));
    if (page.size() >= f.at_most && a.size() > 2) {
      // Full, and it was told where the next one is; or it ended with its last look.
      break;
    }
  }
  return page;
}

}  // namespace penstock::redis
