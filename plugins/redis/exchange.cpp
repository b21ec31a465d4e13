// The part of Store that claims and settles.
#include <algorithm>

#include <penstock/plugin/names.hpp>

#include "checks.hpp"
#include "packing.hpp"
#include "store.hpp"

namespace penstock::redis {
namespace {

void read_leased(Answers& in, std::string_view queue, std::vector<Leased>& out, Epoch epoch) {
  Leased& l = out.emplace_back();
  l.queue = queue;
  l.id = task_id(in.text());
  const Reply record = in.next(), extra = in.next();
  const Written w = read_record(record.text());
  l.kind = w.kind;
  l.body = w.body;
  l.priority = w.priority;
  l.weight = w.weight;
  l.epoch = epoch;
  const std::string_view more = extra.text();
  l.begun = !more.empty() && (more[0] & 1);
  l.lapsed = !more.empty() && (more[0] & 2);
  if (more.size() <= 1) return;
  const Tail t = read_tail(more.substr(1));
  l.failures = t.failures;
  l.crashes = t.crashes;
  l.note = t.note;
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
    out.settled.assign(x.settle.size(), Item::not_found);
    out.extended.assign(x.extend.size(), Extended{Item::lease_lost, {}});
    for (const Share& s : x.claim) {  // first: their order counts
      if (valid_name(s.queue)) part(s.queue).quota = s.quota;
    }
    for (std::size_t i = 0; i < x.settle.size(); ++i) {
      if (!valid(x.settle[i], max_body)) {
        out.settled[i] = Item::invalid;
      } else {
        part(x.settle[i].key.queue).settle.push_back(i);
      }
    }
    for (std::size_t i = 0; i < x.extend.size(); ++i) {
      if (valid_name(x.extend[i].queue)) part(x.extend[i].queue).extend.push_back(i);
    }
  }

  Part& part(std::string_view queue) {
    const std::size_t at = queues.group(queue);
    if (at == parts.size()) parts.emplace_back();
    return parts[at];
  }

  // The script for the queues [from, to). `first`: it settles and extends; else it only claims more.
  Server::Run script(const Server& server, Server::Run run, std::size_t from, std::size_t to, Left left, bool first) {
    run.words.add(std::int64_t{left.limit});
    run.words.add(std::int64_t{left.begin});
    run.words.add(std::int64_t{left.ahead});
    run.words.add(std::int64_t{x.lease.count()});
    run.words.add(x.worker.substr(0, 256));
    for (std::size_t i = from; i < to; ++i) {
      const Part& p = parts[i];
      run.keys.push_back(server.key(queues.names()[i]));
      run.words.add(static_cast<std::int64_t>(first ? p.settle.size() : 0));
      run.words.add(static_cast<std::int64_t>(first ? p.extend.size() : 0));
      run.words.add(first ? p.quota : std::int64_t{left.limit});
      run.words.add(static_cast<std::int64_t>(p.epoch));
      if (!first) continue;
      for (std::size_t s : p.settle) add_settlement(run.words, x.settle[s]);
      for (std::size_t e : p.extend) run.words.add(static_cast<std::int64_t>(x.extend[e].epoch));
    }
    return run;
  }

  void read(Answers& in, std::size_t from, std::size_t to, bool first, const Server& server) {
    for (std::size_t i = from; i < to; ++i) {
      Part& p = parts[i];
      const Reply settled = in.next(), extended = in.next();
      if (first) {
        for (std::size_t s = 0; s < p.settle.size() && s < settled.text().size(); ++s)
          out.settled[p.settle[s]] = static_cast<Item>(settled.text()[s]);
        std::string_view rest = extended.text();
        for (std::size_t e : p.extend) read_extended(rest, out.extended[e]);
      }
      const std::int64_t leased = in.integer();
      p.leased = static_cast<std::uint32_t>(leased);
      p.claimed += p.leased;
      p.epoch = static_cast<Epoch>(integer(in.text()));
      const Reply due = in.next();
      p.due = due.text().empty() ? std::nullopt : std::optional(Millis(integer(due.text())));
      rings.emplace_back(server.key(queues.names()[i]), static_cast<std::uint64_t>(integer(in.text())));
      for (std::int64_t n = 0; n < leased; ++n) read_leased(in, queues.names()[i], out.leased, p.epoch);
    }
  }
};

Result<Exchanged> Store::exchange(const Exchange& x) {
  if (auto e = wrong(x)) return *e;
  Trade t(x, max_body());
  if (!x.claim.empty()) bell_.listen(Clock::now() + server_.options().timeout);
  const std::uint64_t heard = bell_.now();
  if (!t.parts.empty()) {
    if (auto e = one_call() ? trade(t) : trade_apart(t)) return *e;
  }
  for (const Trade::Part& p : t.parts) {
    if (p.due) t.out.next_due = std::min(t.out.next_due.value_or(*p.due), *p.due);
  }
  t.out.bell = bell_.learn(t.rings, heard);
  return std::move(t.out);
}

// All queues in one script.
std::optional<Error> Store::trade(Trade& t) {
  const Lane lane = t.x.claim.empty() && t.x.settle.empty() ? Lane::keeper : Lane::calls;
  Server::Run run{server_.scripts().exchange, {}, server_.words()};
  auto answer =
      server_.run(t.script(server_, std::move(run), 0, t.parts.size(), {t.x.limit, t.x.begin, t.x.ahead}, true), lane);
  if (!answer) return answer.error();
  Answers in({std::move(*answer)});
  t.read(in, 0, t.parts.size(), true, server_);
  return std::nullopt;
}

// A script for each queue, as they are on several nodes: first all at once, each with the part of the limit that is
// left to it if those before it use theirs; then, if there is room, one after the other.
std::optional<Error> Store::trade_apart(Trade& t) {
  const Exchange& x = t.x;
  const std::uint32_t at_once = x.limit - std::min(x.limit, x.ahead);
  const auto share = [&](std::uint32_t claimed, std::uint32_t most, std::uint32_t begun) {
    const std::uint32_t limit = std::min(most, x.limit - std::min(x.limit, claimed));
    const std::uint32_t free = std::min(limit, at_once - std::min(at_once, claimed));
    return Trade::Left{limit, x.begin - std::min(x.begin, begun), limit - free};
  };
  const auto script = [&](std::size_t i, Trade::Left left, bool first) {
    t.parts[i].asked = left.limit;
    Server::Run run{server_.scripts().exchange, {}, server_.words()};
    return t.script(server_, std::move(run), i, i + 1, left, first);
  };
  std::vector<Server::Run> runs;
  std::uint32_t before = 0;
  for (std::size_t i = 0; i < t.parts.size(); ++i) {
    const auto quota = static_cast<std::uint32_t>(std::max<std::int64_t>(0, t.parts[i].quota));
    const Trade::Left left = share(before, quota, before);
    runs.push_back(script(i, left, true));
    before += left.limit;
  }
  const Lane lane = x.claim.empty() && x.settle.empty() ? Lane::keeper : Lane::calls;
  auto answers = server_.run(runs, lane);
  std::optional<Error> failed;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) {
      failed = answers.size() == 1 ? answers[i].error() : half_done(answers[i].error());
      continue;
    }
    Answers in({std::move(*answers[i])});
    t.read(in, i, i + 1, true, server_);
  }
  if (failed) return failed;
  for (const bool spill : {false, true}) {
    for (std::size_t i = 0; i < t.parts.size() && t.out.leased.size() < x.limit; ++i) {
      Trade::Part& p = t.parts[i];
      if (p.quota < 0 || (p.leased < p.asked && p.due != Millis(0))) continue;  // it has no more
      const auto quota = static_cast<std::uint32_t>(p.quota);
      const std::uint32_t most = spill ? x.limit : quota - std::min(quota, p.claimed);
      if (most == 0) continue;
      const auto claimed = static_cast<std::uint32_t>(t.out.leased.size());
      const auto begun = static_cast<std::uint32_t>(std::count_if(
          t.out.leased.begin(), t.out.leased.end(), [](const Leased& l) { return !l.lapsed && l.crashes == 0; }));
      auto answer = server_.run(script(i, share(claimed, most, begun), false));
      if (!answer) return half_done(answer.error());
      Answers in({std::move(*answer)});
      t.read(in, i, i + 1, false, server_);
    }
  }
  return mark_begun(t);
}

// The first `begin` of the claimed ones are marked, wherever they came from.
std::optional<Error> Store::mark_begun(Trade& t) {
  std::vector<Settlement> marks;
  std::uint32_t left = t.x.begin;
  for (Leased& l : t.out.leased) {
    if (left == 0) break;
    if (l.lapsed || l.crashes > 0) continue;
    --left;
    if (l.begun) continue;
    l.begun = true;
    Settlement& mark = marks.emplace_back();
    mark.key = {l.queue, l.id};
    mark.epoch = l.epoch;
    mark.to = State::leased;
  }
  if (marks.empty()) return std::nullopt;
  Exchange more;
  more.settle = marks;
  Trade marking(more, max_body());
  if (auto e = trade_apart(marking)) return half_done(*e);
  t.rings.insert(t.rings.end(), marking.rings.begin(), marking.rings.end());
  return std::nullopt;
}

}  // namespace penstock::redis
