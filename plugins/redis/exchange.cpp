// The part of Store that claims, settles and puts in.
#include <algorithm>

#include <penstock/plugin/names.hpp>

#include "checks.hpp"
#include "packing.hpp"
#include "store.hpp"

namespace penstock::redis {
namespace {

// What one queue has to do with an exchange: indices of its items.
struct Part {
  std::vector<std::size_t> settle, extend;
  std::int64_t quota = -1;
};

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

void read_part(Answers& in, std::string_view queue, const Part& part, Exchanged& out, std::uint64_t& ring) {
  const Reply settled = in.next(), extended = in.next();
  for (std::size_t i = 0; i < part.settle.size() && i < settled.text().size(); ++i)
    out.settled[part.settle[i]] = static_cast<Item>(settled.text()[i]);
  std::string_view rest = extended.text();
  for (std::size_t i : part.extend) read_extended(rest, out.extended[i]);
  const std::int64_t leased = in.integer();
  const auto epoch = static_cast<Epoch>(integer(in.text()));
  const Reply due = in.next();
  if (!due.text().empty()) {
    const Millis at(integer(due.text()));
    out.next_due = out.next_due ? std::min(*out.next_due, at) : at;
  }
  ring = static_cast<std::uint64_t>(integer(in.text()));
  for (std::int64_t i = 0; i < leased; ++i) read_leased(in, queue, out.leased, epoch);
}

// What an exchange has still to claim.
struct Left {
  std::uint32_t limit, begin, ahead;
};

}  // namespace

Result<Exchanged> Store::exchange(const Exchange& x) {
  if (auto e = wrong(x)) return *e;
  Exchanged out;
  out.settled.assign(x.settle.size(), Item::not_found);
  out.extended.assign(x.extend.size(), Extended{Item::lease_lost, {}});
  ByQueue queues;
  std::vector<Part> parts;
  const auto part = [&](std::string_view queue) -> Part& {
    const std::size_t at = queues.group(queue);
    if (at == parts.size()) parts.emplace_back();
    return parts[at];
  };
  for (const Share& s : x.claim) {  // first: their order counts
    if (valid_name(s.queue)) part(s.queue).quota = s.quota;
  }
  for (std::size_t i = 0; i < x.settle.size(); ++i) {
    if (!valid(x.settle[i], max_body())) {
      out.settled[i] = Item::invalid;
    } else {
      part(x.settle[i].key.queue).settle.push_back(i);
    }
  }
  for (std::size_t i = 0; i < x.extend.size(); ++i) {
    if (valid_name(x.extend[i].queue)) part(x.extend[i].queue).extend.push_back(i);
  }
  const bool claims = !x.claim.empty();
  if (claims) (void)bell_.listen(Clock::now() + server_.options().timeout);
  const std::uint64_t heard = bell_.now();
  if (parts.empty()) {
    out.bell = heard;
    return out;
  }
  const auto& names = queues.names();
  const auto make = [&](std::size_t from, std::size_t to, Left left) {
    Server::Run run{server_.scripts().exchange, {}, server_.words()};
    run.words.add(std::int64_t{left.limit});
    run.words.add(std::int64_t{left.begin});
    run.words.add(std::int64_t{left.ahead});
    run.words.add(std::int64_t{x.lease.count()});
    run.words.add(x.worker.substr(0, 256));
    for (std::size_t i = from; i < to; ++i) {
      run.keys.push_back(server_.key(names[i]));
      run.words.add(static_cast<std::int64_t>(parts[i].settle.size()));
      run.words.add(static_cast<std::int64_t>(parts[i].extend.size()));
      run.words.add(parts[i].quota);
      for (std::size_t s : parts[i].settle) add_settlement(run.words, x.settle[s]);
      for (std::size_t e : parts[i].extend) run.words.add(static_cast<std::int64_t>(x.extend[e].epoch));
    }
    return run;
  };
  const Lane lane = x.claim.empty() && x.settle.empty() ? Lane::keeper : Lane::calls;
  if (one_call()) {
    Server::Run run = make(0, parts.size(), {x.limit, x.begin, x.ahead});
    Bell::Rings rings;
    for (const std::string& key : run.keys) rings.emplace_back(key, 0);
    auto answer = server_.run(std::move(run), lane);
    if (!answer) return answer.error();
    Answers in({std::move(*answer)});
    for (std::size_t i = 0; i < parts.size(); ++i) read_part(in, names[i], parts[i], out, rings[i].second);
    out.bell = bell_.learn(rings, heard);
  }
  return out;
}

}  // namespace penstock::redis
