// The part of Store that claims and settles.
#include <algorithm>

#include <penstock/plugin/names.hpp>

#include "../shared/call_checks.hpp"
#include "packing.hpp"
#include "store.hpp"

namespace penstock::redis {
namespace {

constexpr std::size_t kMostTouched = 1000;                // settlements and children of one script
constexpr char kWasBegun = 1, kHasLapsed = 2, kMore = 4;  // of a task that was leased
constexpr Millis kLookAgain{200};                         // at a queue whose server could not be reached

Leased read_leased(std::string_view queue, std::string_view id, const Reply& record, Epoch epoch) {
  Leased l;
  l.queue = queue;
  l.id = task_id(id);
  const Written w = read_record(record.text());
  l.kind = w.kind;
  l.body = w.body;
  l.priority = w.priority;
  l.weight = w.weight;
  l.epoch = epoch;
  return l;
}

// Behind the record of a task that failed, or has a note.
void read_more(Leased& l, const Reply& more) {
  const Tail t = read_tail(more.text());
  l.failures = t.failures;
  l.crashes = t.crashes;
  l.note = t.note;
}

// Those that the server takes together; they stay in order.
using Group = std::vector<const Settlement*>;
std::vector<Group> groups_of(const Exchange& x, const std::vector<std::size_t>& items) {
  std::vector<Group> out;
  for (const std::size_t i : items) {
    const Settlement& s = x.settle[i];
    if (out.empty() || !alike(*out.back().front(), s)) out.emplace_back();
    out.back().push_back(&s);
  }
  return out;
}

void read_extended(std::string_view& in, Extended& out) {
  if (in.size() < 3) return;
  out.what = static_cast<Item>(in[0]);
  std::size_t n = static_cast<unsigned char>(in[1]) * 256u + static_cast<unsigned char>(in[2]);
  in.remove_prefix(3);
  for (; n > 0 && in.size() >= 16; --n, in.remove_prefix(16)) out.stop.push_back(task_id(in.substr(0, 16)));
}

}  // namespace

// An exchange under way: what each queue has to do with it, and what came of that.
struct Store::Trade {
  struct Part {
    std::vector<std::size_t> settle, extend;  // indices of its items
    std::int64_t quota = -1;                  // -1: nothing is claimed here
    Epoch epoch = 0;                          // drawn here
    std::uint32_t asked = 0, leased = 0;      // by the last script
    std::uint32_t claimed = 0;                // by all
    std::optional<Millis> due{};              // when to look again
    bool silent = false;                      // its server could not be reached
  };
  // One script: what it has to do with the queues from `first` on. It settles a part of what is to be settled there;
  // the last one of a queue extends and claims as well.
  struct Job {
    std::size_t first = 0;
    std::vector<std::vector<std::size_t>> settle;  // by queue: indices of the items
    bool last = true;
  };
  // How much a script may claim from all its queues.
  struct Left {
    std::uint32_t limit, begin, ahead;
  };

  const Exchange& x;
  ByQueue queues;
  std::vector<Part> parts{};
  Exchanged out{};
  Bell::Rings rings{};

  Trade(const Exchange& exchange, std::uint64_t max_body) : x(exchange) {
    out.settled.assign(x.settle.size(), Item::unknown);
    out.extended.assign(x.extend.size(), Extended{Item::lease_lost, {}});
    for (const Share& s : x.claim) {  // first: their order counts
      if (valid_name(s.queue)) part(s.queue).quota = s.quota;
    }
    shared::Items items(max_body);
    for (std::size_t i = 0; i < x.settle.size(); ++i) {
      if (!valid_name(x.settle[i].key.queue) || !items.valid(x.settle[i])) {
        out.settled[i] = Item::invalid;
      } else {
        part(x.settle[i].key.queue).settle.push_back(i);
      }
    }
    for (std::size_t i = 0; i < x.extend.size(); ++i) {
      if (!valid_name(x.extend[i].queue)) continue;
      part(x.extend[i].queue).extend.push_back(i);
      out.extended[i].what = Item::unknown;
    }
  }

  Part& part(std::string_view queue) {
    const std::size_t at = queues.group(queue);
    if (at == parts.size()) parts.emplace_back();
    return parts[at];
  }

  // What is left for a claim of `most`, when so many are claimed and so many begun.
  Left left(std::uint32_t claimed, std::uint32_t most, std::uint32_t begun) const {
    const std::uint32_t at_once = x.limit - std::min(x.limit, x.ahead);
    const std::uint32_t limit = std::min(most, x.limit - std::min(x.limit, claimed));
    const std::uint32_t free = std::min(limit, at_once - std::min(at_once, claimed));
    return {limit, x.begin - std::min(x.begin, begun), limit - free};
  }

  // The scripts for the queues [from, to): one, unless there is more to settle than one may touch.
  std::vector<Job> jobs(std::size_t from, std::size_t to) const {
    std::vector<Job> made(1, Job{from, {}, false});
    std::size_t touched = 0, all = 0;
    for (std::size_t i = from; i < to; ++i) {
      for (std::size_t s : parts[i].settle) {
        const std::size_t more = 1 + x.settle[s].children.size();
        if (touched + more > kMostTouched) {
          made.push_back(Job{i, {}, false});
          touched = 0;
        }
        touched += more, all += more;
        made.back().settle.resize(i - made.back().first + 1);
        made.back().settle.back().push_back(s);
      }
    }
    if (all > kMostTouched) made.push_back(Job{from, {}, true});
    made.back().last = true;
    if (made.back().first == from) made.back().settle.resize(to - from);
    return made;
  }

  Server::Run script(const Server& server, Server::Run run, const Job& job, Left left) const {
    add_head(run.words, left);
    std::vector<std::vector<Group>> groups;
    const auto extend = [&job](const Part& p) { return std::span(p.extend.data(), job.last ? p.extend.size() : 0); };
    for (std::size_t i = 0; i < job.settle.size(); ++i) {
      const Part& p = parts[job.first + i];
      groups.push_back(groups_of(x, job.settle[i]));
      run.keys.push_back(server.key(queues.names()[job.first + i]));
      add_queue(run.words, groups.back().size(), extend(p).size(), job.last ? p.quota : -1, p.epoch);
    }
    for (std::size_t i = 0; i < job.settle.size(); ++i) {
      for (const Group& group : groups[i]) add_settlements(run.words, group);
      for (std::size_t e : extend(parts[job.first + i])) run.words.add(static_cast<std::int64_t>(x.extend[e].epoch));
    }
    return run;
  }
  // It only claims more from one queue.
  Server::Run script(const Server& server, Server::Run run, std::size_t part, Left left) const {
    add_head(run.words, left);
    run.keys.push_back(server.key(queues.names()[part]));
    add_queue(run.words, 0, 0, left.limit, parts[part].epoch);
    return run;
  }

  void read(const Reply& answer, const Job& job, const Server& server) {
    Answers in({answer});
    for (std::size_t i = 0; i < job.settle.size(); ++i) {
      Part& p = parts[job.first + i];
      const Reply settled = in.next(), extended = in.next();
      for (std::size_t s = 0; s < job.settle[i].size() && s < settled.text().size(); ++s)
        out.settled[job.settle[i][s]] = static_cast<Item>(settled.text()[s]);
      std::string_view rest = extended.text();
      for (std::size_t e = 0; job.last && e < p.extend.size(); ++e) read_extended(rest, out.extended[p.extend[e]]);
      read_claimed(in, job.first + i, server);
    }
  }
  void read_claimed(Answers& in, std::size_t part, const Server& server) {
    Part& p = parts[part];
    const std::string_view queue = queues.names()[part];
    p.epoch = static_cast<Epoch>(integer(in.text()));
    const Reply due = in.next();
    p.due = due.text().empty() ? std::nullopt : std::optional(Millis(integer(due.text())));
    rings.emplace_back(server.key(queue), static_cast<std::uint64_t>(integer(in.text())));
    const std::string_view ids = in.text(), marks = in.text();
    p.leased = static_cast<std::uint32_t>(marks.size());
    p.claimed += p.leased;
    for (std::size_t i = 0; i < marks.size(); ++i) {
      Leased& l =
          out.leased.emplace_back(read_leased(queue, ids.substr(std::min(ids.size(), 16 * i), 16), in.next(), p.epoch));
      l.begun = marks[i] & kWasBegun;
      l.lapsed = marks[i] & kHasLapsed;
      if (marks[i] & kMore) read_more(l, in.next());
    }
  }
  // The script was not answered: its queues are looked at again soon, as nothing will ring for that.
  void silence(const Job& job) {
    for (std::size_t i = 0; job.last && i < job.settle.size(); ++i) silence(job.first + i);
  }
  void silence(std::size_t part) {
    parts[part].silent = true;
    if (parts[part].quota >= 0) parts[part].due = kLookAgain;
  }

 private:
  void add_head(Words& words, Left left) const {
    words.add(std::int64_t{left.limit});
    words.add(std::int64_t{left.begin});
    words.add(std::int64_t{left.ahead});
    words.add(std::int64_t{x.lease.count()});
    words.add(x.worker.substr(0, 256));
  }
  static void add_queue(Words& words, std::size_t settle, std::size_t extend, std::int64_t quota, Epoch epoch) {
    words.add(static_cast<std::int64_t>(settle));
    words.add(static_cast<std::int64_t>(extend));
    words.add(quota);
    words.add(static_cast<std::int64_t>(epoch));
  }
};

Result<Exchanged> Store::exchange(const Exchange& x, Deadline end) {
  if (auto e = shared::wrong(x)) return *e;
  Trade t(x, max_body());
  if (!x.claim.empty()) bell_.listen(server_.beside(end));
  const std::uint64_t heard = bell_.now();
  if (!t.parts.empty()) {
    if (auto e = trade(t, end)) return *e;
  }
  const Deadline beside = server_.beside(end);  // for all names together: the tasks wait to be handed over
  for (std::size_t i = 0; i < t.parts.size(); ++i) {
    const Trade::Part& p = t.parts[i];
    if (p.due) t.out.next_due = std::min(t.out.next_due.value_or(*p.due), *p.due);
    if (p.claimed > 0) server_.renew(t.queues.names()[i], beside);
  }
  t.out.bell = bell_.learn(t.rings, heard);
  return std::move(t.out);
}

// All queues in one script; in a Cluster one for each, as they are on several nodes: first all at once, each with the
// part of the limit that is left to it if those before it use theirs; then, if there is room, one after the other.
std::optional<Error> Store::trade(Trade& t, Deadline end) {
  const Lane lane = t.x.claim.empty() && t.x.settle.empty() ? Lane::keeper : Lane::calls;
  const std::size_t parts = t.parts.size(), most = one_call() ? parts : 1;
  std::vector<Trade::Job> jobs;
  std::vector<Server::Run> runs;
  std::uint32_t before = 0;
  for (std::size_t from = 0; from < parts; from += most) {
    Trade::Left left{t.x.limit, t.x.begin, t.x.ahead};
    if (!one_call()) {
      left = t.left(before, static_cast<std::uint32_t>(std::max<std::int64_t>(0, t.parts[from].quota)), before);
      t.parts[from].asked = left.limit;
      before += left.limit;
    }
    for (Trade::Job& job : t.jobs(from, from + most)) {
      Server::Run run{server_.scripts().exchange, {}, server_.words()};
      runs.push_back(t.script(server_, std::move(run), job, left));
      jobs.push_back(std::move(job));
    }
  }
  const auto answers = server_.run(runs, end, lane);
  if (auto e = failure_of(answers)) return e;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i]) {
      t.read(*answers[i], jobs[i], server_);
    } else {
      t.silence(jobs[i]);
    }
  }
  if (one_call()) return std::nullopt;
  claim_more(t, end);
  mark_begun(t, end);
  return std::nullopt;
}

void Store::claim_more(Trade& t, Deadline end) {
  for (const bool spill : {false, true}) {
    for (std::size_t i = 0; i < t.parts.size() && t.out.leased.size() < t.x.limit; ++i) {
      Trade::Part& p = t.parts[i];
      if (p.quota < 0 || p.silent || (p.leased < p.asked && p.due != Millis(0))) continue;  // it has no more
      const auto quota = static_cast<std::uint32_t>(p.quota);
      const std::uint32_t most = spill ? t.x.limit : quota - std::min(quota, p.claimed);
      if (most == 0) continue;
      const auto claimed = static_cast<std::uint32_t>(t.out.leased.size());
      const auto begun = static_cast<std::uint32_t>(std::count_if(
          t.out.leased.begin(), t.out.leased.end(), [](const Leased& l) { return !l.lapsed && l.crashes == 0; }));
      const Trade::Left left = t.left(claimed, most, begun);
      p.asked = left.limit;
      Server::Run run{server_.scripts().exchange, {}, server_.words()};
      auto answer = server_.run(t.script(server_, std::move(run), i, left), end);
      if (answer) {
        Answers in({std::move(*answer)});
        in.next(), in.next();  // nothing was settled or extended
        t.read_claimed(in, i, server_);
      } else {  // what was claimed before counts all the same
        t.silence(i);
      }
    }
  }
}

// The first `begin` of the claimed ones are marked, wherever they came from. One whose mark was not answered is not
// said to be begun: its holder marks it when it starts.
void Store::mark_begun(Trade& t, Deadline end) {
  std::vector<Settlement> marks;
  std::vector<Leased*> marked;
  std::uint32_t left = t.x.begin;
  for (Leased& l : t.out.leased) {
    if (left == 0) break;
    if (l.lapsed || l.crashes > 0) continue;
    --left;
    if (l.begun) continue;
    Settlement& mark = marks.emplace_back();
    mark.key = {l.queue, l.id};
    mark.epoch = l.epoch;
    mark.to = State::leased;
    marked.push_back(&l);
  }
  if (marks.empty()) return;
  Exchange more;
  more.settle = marks;
  Trade marking(more, max_body());
  if (trade(marking, end)) return;
  for (std::size_t i = 0; i < marked.size(); ++i) marked[i]->begun = marking.out.settled[i] == Item::ok;
  t.rings.insert(t.rings.end(), marking.rings.begin(), marking.rings.end());
}

std::optional<Error> Store::failure_of(std::span<const Result<Reply>> answers) {
  const Error* failed = nullptr;
  std::size_t failures = 0;
  bool lost = false;  // something may have been done
  for (const auto& answer : answers) {
    if (answer) continue;
    ++failures;
    lost = lost || answer.error().code == Errc::unknown_outcome;
    // What will be the same the next time is no matter of a server that is away.
    if (!failed || (failed->retryable && !answer.error().retryable)) failed = &answer.error();
  }
  if (!failed) return std::nullopt;
  if (answers.size() == 1) return *failed;
  if (failures == answers.size()) return lost ? half_done(*failed) : *failed;
  if (!failed->retryable) return half_done(*failed);
  host_.log(Level::warn, std::to_string(failures) + " of " + std::to_string(answers.size()) +
                             " parts of a call failed, the others were carried out: " + failed->message);
  return std::nullopt;
}

}  // namespace penstock::redis
