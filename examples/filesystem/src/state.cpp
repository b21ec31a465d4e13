#include "state.hpp"

#include <algorithm>

#include <penstock/plugin/names.hpp>

namespace filesystem {
namespace {

Item nowhere(std::string_view queue) { return valid_name(queue) ? Item::not_found : Item::invalid; }

bool valid(const NewTask& t) {
  return valid_name(t.key.queue) && valid_name(t.kind) && t.body.size() <= kMaxBody && t.weight != 0 &&
         t.delay >= Millis(0);
}

bool valid(const Settlement& s) {
  const bool verb = s.to == State::leased || s.to == State::ready || (ended(s.to) && s.to <= State::cancelled);
  return verb && s.note.size() <= kMaxBody && s.delay >= Millis(0) && s.keep >= Millis(0);
}

std::optional<Error> too_many(std::size_t items) {
  if (items <= kMaxBatch) return std::nullopt;
  return Error{Errc::invalid, std::to_string(items) + " items in one call; at most " + std::to_string(kMaxBatch)};
}

// A feature that is used though properties() does not list it.
std::optional<Error> unsupported(const NewTask& t) {
  const char* what = !t.unique.empty()    ? "unique keys"
                     : !t.fair.empty()    ? "fair keys"
                     : !t.gates.empty()   ? "gates"
                     : !t.after.empty()   ? "dependencies"
                     : t.queue_limit != 0 ? "queue limits"
                                          : nullptr;
  if (!what) return std::nullopt;
  return Error{Errc::unsupported, std::string("the filesystem backend has no ") + what};
}

}  // namespace

std::optional<Error> wrong(const Exchange& x) {
  for (std::size_t items : {x.settle.size(), x.extend.size(), x.claim.size()}) {
    if (auto error = too_many(items)) return error;
  }
  if ((!x.claim.empty() || !x.extend.empty()) && x.lease < Millis(1)) return Error{Errc::invalid, "a lease below 1 ms"};
  std::set<std::string_view> names;
  for (const Share& share : x.claim) {
    if (!names.insert(share.queue).second) {
      return Error{Errc::invalid, "queue named twice: " + std::string(share.queue)};
    }
  }
  for (const Settlement& s : x.settle) {
    if (!s.children.empty()) return Error{Errc::unsupported, "the filesystem backend has no children"};
  }
  return std::nullopt;
}

std::optional<Error> wrong(std::span<const NewTask> tasks, const Guard* guard) {
  if (guard) return Error{Errc::unsupported, "the filesystem backend has no guards"};
  if (auto error = too_many(tasks.size())) return error;
  for (const NewTask& t : tasks) {
    if (auto error = unsupported(t)) return error;
  }
  return std::nullopt;
}

std::optional<Error> wrong(std::span<const TaskKey> keys) { return too_many(keys.size()); }

std::optional<Error> wrong(const Retention& r) {
  if (!ended(r.state) || r.state > State::cancelled) return Error{Errc::invalid, "only ended tasks are trimmed"};
  if (r.age < Millis(0)) return Error{Errc::invalid, "an age that is negative"};
  return std::nullopt;
}

Now Store::at(const Reading& now) const {
  const auto ahead = ahead_.find(now.machine);
  return {now.wall, ahead == ahead_.end() ? steady_ : std::max(steady_, now.boot + ahead->second)};
}

void Store::tick(const Reading& now) {
  ahead_.try_emplace(now.machine, steady_ - now.boot);
  steady_ = at(now).steady;
}

bool Store::changes(const Exchange& x, const Reading& reading) const {
  if (!x.settle.empty() || !x.extend.empty()) return true;
  if (!x.claim.empty() && !ahead_.contains(reading.machine)) return true;  // the clock goes on
  const Now now = at(reading);
  return std::ranges::any_of(x.claim, [&](const Share& share) {
    const auto at = queues_.find(share.queue);
    return at != queues_.end() && at->second.claimable(now);
  });
}

bool Store::changes(const Retention& r, const Reading& reading) const {
  const Now now = at(reading);
  const auto queue = queues_.find(r.queue);
  return queue != queues_.end() && (!queue->second.to_trim(r, now).empty() || queue->second.forgets(now));
}

Exchanged Store::exchange(const Exchange& x, const Reading& reading) {
  const Now now = at(reading);
  Exchanged out;
  for (const Settlement& s : x.settle) {
    const auto at = queues_.find(s.key.queue);
    out.settled.push_back(!valid(s)             ? Item::invalid
                          : at == queues_.end() ? nowhere(s.key.queue)
                                                : at->second.settle(s, now, ends_));
  }
  const Millis until = now.steady + std::min(x.lease, Millis::max() - now.steady);
  for (const Held& held : x.extend) {
    const auto at = queues_.find(held.queue);
    out.extended.push_back(at == queues_.end() ? Extended{Item::lease_lost, {}} : at->second.extend(held.epoch, until));
  }
  struct Draw {
    const std::string& name;
    Queue& queue;
    std::uint32_t quota;
    Epoch epoch = 0;
  };
  std::vector<Draw> draws;
  for (const Share& share : x.claim) {
    if (const auto at = queues_.find(share.queue); at != queues_.end()) {
      at->second.promote(now);
      draws.push_back({at->first, at->second, share.quota});
    }
  }
  Queue::Claim claim{x, now, x.begin, out.leased, epochs_, ends_};
  for (Draw& d : draws) d.queue.claim(d.name, d.quota, d.epoch, claim);
  for (Draw& d : draws) d.queue.claim(d.name, x.limit, d.epoch, claim);
  for (const Draw& d : draws) {
    const auto due = d.queue.next_due(now);
    if (due) out.next_due = out.next_due ? std::min(*out.next_due, *due) : *due;
  }
  return out;
}

std::vector<Admission> Store::enqueue(std::span<const NewTask> tasks, const Reading& reading) {
  const Now now = at(reading);
  std::vector<Admission> out;
  for (const NewTask& t : tasks) {
    out.push_back(valid(t) ? queues_[std::string(t.key.queue)].admit(t, now, arrivals_)
                           : Admission{Item::invalid, t.key.id});
  }
  return out;
}

std::vector<Item> Store::cancel(std::span<const TaskKey> keys, const Reading& reading) {
  const Now now = at(reading);
  std::vector<Item> out;
  for (const TaskKey& key : keys) {
    const auto at = queues_.find(key.queue);
    out.push_back(at == queues_.end() ? nowhere(key.queue) : at->second.cancel(key.id, now, ends_));
  }
  return out;
}

std::uint64_t Store::trim(const Retention& r, const Reading& reading) {
  const Now now = at(reading);
  const auto at = queues_.find(r.queue);
  return at == queues_.end() ? 0 : at->second.trim(r, now);
}

std::vector<std::optional<Record>> Store::get(std::span<const TaskKey> keys, const Reading& reading) const {
  const Now now = at(reading);
  std::vector<std::optional<Record>> out;
  for (const TaskKey& key : keys) {
    const auto at = queues_.find(key.queue);
    out.push_back(at == queues_.end() ? std::nullopt : at->second.get(key.id, now));
  }
  return out;
}

std::vector<Counts> Store::counts() const {
  std::vector<Counts> out;
  for (const auto& [name, queue] : queues_) out.push_back(queue.counts(name));
  return out;
}

std::string Store::save() const {
  Writer out;
  out.number(epochs_), out.number(arrivals_), out.number(ends_), out.number(steady_.count());
  out.number(ahead_.size());
  for (const auto& [machine, ahead] : ahead_) out.text(machine), out.number(ahead.count());
  for (const auto& [name, queue] : queues_) {
    out.text(name);
    queue.save(out);
  }
  return std::move(out.octets());
}

Store Store::load(std::string_view octets) {
  Reader in(octets);
  Store out;
  out.epochs_ = in.number(), out.arrivals_ = in.number(), out.ends_ = in.number(), out.steady_ = in.millis();
  for (auto n = in.number(); n > 0; --n) {
    const std::string machine(in.text());
    out.ahead_[machine] = in.millis();
  }
  while (!in.done()) out.queues_[std::string(in.text())].load(in);
  return out;
}

}  // namespace filesystem
