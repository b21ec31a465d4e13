#include <algorithm>
#include <limits>

#include "state.hpp"

namespace filesystem {
namespace {

// The answer to a settlement that does not find its task leased under its epoch.
Item late(State state, Epoch epoch, const Settlement& s) {
  if (s.epoch == 0 || epoch != s.epoch || state == State::leased || s.to == State::leased) return Item::lease_lost;
  if (ended(s.to)) return state == s.to ? Item::ok : Item::lease_lost;
  if (state == State::cancelled) return Item::requested;
  return ended(state) ? Item::lease_lost : Item::ok;
}

// Far away stays far away.
template <class T>
T later(T at, Millis by) {
  return by > T::max() - at ? T::max() : at + by;
}

std::size_t place(State state) { return static_cast<std::size_t>(state); }

}  // namespace

void Queue::leave(const TaskId& id, Task& t) {
  switch (t.state) {
    case State::ready:
      ready_.erase(rank(id, t));
      break;
    case State::scheduled:
      scheduled_.erase({t.due, rank(id, t)});
      break;
    case State::leased: {
      auto at = leases_.find(t.epoch);
      std::erase(at->second.tasks, id);
      if (at->second.tasks.empty()) leases_.erase(at);
      t.begun = t.stop = false;
      break;
    }
    default:
      ended_[place(t.state)].erase({t.end, id});
      octets_[place(t.state)] -= t.octets();
  }
}

void Queue::index(const TaskId& id, Task& t) {
  if (t.state == State::ready) {
    ready_.insert(rank(id, t));
  } else if (t.state == State::scheduled) {
    scheduled_.insert({t.due, rank(id, t)});
  } else if (ended(t.state)) {
    ended_[place(t.state)].insert({t.end, id});
    octets_[place(t.state)] += t.octets();
  }
}

void Queue::enter(const TaskId& id, Task& t, State next) {
  t.state = next;
  index(id, t);
}

void Queue::wait(const TaskId& id, Task& t, Time due, const Now& now) {
  t.due = due;
  enter(id, t, due <= now.wall ? State::ready : State::scheduled);
}

void Queue::end(const TaskId& id, Task& t, State state, Millis keep, const Now& now, std::uint64_t& ends) {
  leave(id, t);
  if (keep == Millis(0)) return bury(id, state, now.wall, now.steady);
  t.ended = now.wall;
  t.since = now.steady;
  t.keep_until = later(now.steady, keep);
  t.end = ++ends;
  enter(id, t, state);
}

void Queue::bury(const TaskId& id, State state, Time ended, Millis since) {
  const auto at = tasks_.find(id);
  gone_[id] = {state, at->second.epoch, ended, since};
  tasks_.erase(at);
}

Admission Queue::admit(const NewTask& n, const Now& now, std::uint64_t& arrivals) {
  const TaskId& id = n.key.id;
  if (gone_.contains(id)) return {Item::exists, id};
  if (auto at = tasks_.find(id); at != tasks_.end()) {
    return {at->second.kind == n.kind && at->second.body == n.body ? Item::exists : Item::conflict, id};
  }
  Task& t = tasks_[id];
  t.kind = n.kind, t.body = n.body;
  t.priority = n.priority, t.weight = n.weight;
  t.arrival = ++arrivals;
  t.enqueued = now.wall;
  wait(id, t, n.due ? *n.due : later(now.wall, n.delay), now);
  return {Item::ok, id};
}

Item Queue::settle(const Settlement& s, const Now& now, std::uint64_t& ends) {
  const TaskId id = s.key.id;
  if (auto gone = gone_.find(id); gone != gone_.end()) return late(gone->second.state, gone->second.epoch, s);
  const auto at = tasks_.find(id);
  if (at == tasks_.end()) return Item::not_found;
  Task& t = at->second;
  if (t.state != State::leased || t.epoch != s.epoch) return late(t.state, t.epoch, s);
  if (s.to != State::leased || !t.begun) {
    t.failures += s.charge == Charge::failure;
    t.crashes += s.charge == Charge::crash;
  }
  if (!s.note.empty()) t.note = s.note;
  if (s.to == State::leased) {
    t.begun = true;
    return Item::ok;
  }
  const bool stop = t.stop;
  if (ended(s.to)) {
    end(id, t, s.to, s.keep, now, ends);
  } else if (stop) {
    end(id, t, State::cancelled, kKeepForever, now, ends);
    return Item::requested;
  } else {
    leave(id, t);
    wait(id, t, later(now.wall, s.delay), now);
  }
  return Item::ok;
}

Extended Queue::extend(Epoch epoch, Millis until) {
  const auto at = leases_.find(epoch);
  if (at == leases_.end()) return {Item::lease_lost, {}};
  Lease& lease = at->second;
  lease.until = until;
  Extended out{Item::ok, lease.taken};
  for (const TaskId& id : lease.tasks) {
    if (tasks_.at(id).stop) out.stop.push_back(id);
  }
  return out;
}

Item Queue::cancel(const TaskId& id, const Now& now, std::uint64_t& ends) {
  if (gone_.contains(id)) return Item::finished;
  const auto at = tasks_.find(id);
  if (at == tasks_.end()) return Item::not_found;
  Task& t = at->second;
  if (ended(t.state)) return Item::finished;
  if (t.state == State::leased) {
    t.stop = true;
    return Item::requested;
  }
  end(id, t, State::cancelled, kKeepForever, now, ends);
  return Item::ok;
}

std::optional<Record> Queue::get(const TaskId& id, const Now& now) const {
  Record r;
  if (auto gone = gone_.find(id); gone != gone_.end()) {
    r.state = gone->second.state, r.epoch = gone->second.epoch, r.ended = gone->second.ended;
    r.tombstone = true;
    return r;
  }
  const auto at = tasks_.find(id);
  if (at == tasks_.end()) return std::nullopt;
  const Task& t = at->second;
  r.state = t.state == State::scheduled && t.due <= now.wall ? State::ready : t.state;
  r.kind = t.kind, r.body = t.body, r.note = t.note;
  r.epoch = t.epoch, r.priority = t.priority, r.weight = t.weight;
  r.failures = t.failures, r.crashes = t.crashes;
  r.begun = t.begun, r.cancel_requested = t.stop;
  r.enqueued = t.enqueued;
  if (r.state == State::scheduled) r.due = t.due;
  if (ended(t.state)) r.ended = t.ended;
  return r;
}

Counts Queue::counts(const std::string& name) const {
  Counts out{.queue = name};
  out.by_state[place(State::ready)] = ready_.size();
  out.by_state[place(State::scheduled)] = scheduled_.size();
  for (const auto& [epoch, lease] : leases_) out.by_state[place(State::leased)] += lease.tasks.size();
  for (State state : {State::succeeded, State::dead, State::cancelled}) {
    out.by_state[place(state)] = ended_[place(state)].size();
    out.bytes_ended += octets_[place(state)];
  }
  return out;
}

std::vector<TaskId> Queue::to_trim(const Retention& r, const Now& now) const {
  const auto& kept = ended_[place(r.state)];
  std::vector<TaskId> out;
  std::uint64_t count = kept.size(), octets = octets_[place(r.state)];
  for (auto at = kept.begin(); at != kept.end() && out.size() < r.at_most; ++at) {
    const Task& t = tasks_.at(at->second);
    if (count <= r.count && octets <= r.bytes && now.steady - t.since < r.age && t.keep_until > now.steady) continue;
    out.push_back(at->second);
    --count, octets -= t.octets();
  }
  return out;
}

bool Queue::forgets(const Now& now) const {
  return std::ranges::any_of(gone_, [&](const auto& stone) { return now.steady - stone.second.since > kRemember; });
}

std::uint64_t Queue::trim(const Retention& r, const Now& now) {
  const std::vector<TaskId> go = to_trim(r, now);
  for (const TaskId& id : go) {
    Task& t = tasks_.at(id);
    leave(id, t);
    bury(id, r.state, t.ended, t.since);
  }
  std::erase_if(gone_, [&](const auto& stone) { return now.steady - stone.second.since > kRemember; });
  return go.size();
}

bool Queue::claimable(const Now& now) const {
  const auto lapsed = [&](const auto& lease) { return lease.second.until <= now.steady; };
  return !ready_.empty() || (!scheduled_.empty() && scheduled_.begin()->first <= now.wall) ||
         std::ranges::any_of(leases_, lapsed);
}

void Queue::promote(const Now& now) {
  for (int n = 0; n < 1000 && !scheduled_.empty() && scheduled_.begin()->first <= now.wall; ++n) {
    const TaskId id = std::get<TaskId>(scheduled_.begin()->second);
    Task& t = tasks_.at(id);
    leave(id, t);
    enter(id, t, State::ready);
  }
}

void Queue::lease(const std::string& name, const TaskId& id, Task& t, Epoch& epoch, Claim& c) {
  const bool lapsed = t.state == State::leased;
  Leased l{.queue = name, .kind = t.kind, .body = t.body, .note = t.note, .id = id};
  l.priority = t.priority, l.weight = t.weight, l.failures = t.failures, l.crashes = t.crashes;
  l.lapsed = lapsed;
  const bool begin = !lapsed && t.crashes == 0 && c.begin > 0;
  c.begin -= begin;
  l.begun = lapsed ? t.begun : begin;
  if (lapsed) leases_.at(t.epoch).taken.push_back(id);
  leave(id, t);
  if (epoch == 0) epoch = ++c.epochs;  // one for all that the exchange claims here
  l.epoch = t.epoch = epoch;
  t.begun = begin;
  t.state = State::leased;
  Lease& held = leases_[epoch];
  held.until = later(c.now.steady, c.asked.lease);
  held.tasks.push_back(id);
  c.leased.push_back(std::move(l));
}

void Queue::claim(const std::string& name, std::uint32_t most, Epoch& epoch, Claim& c) {
  const std::size_t end_at = std::min<std::size_t>(c.leased.size() + most, c.asked.limit);
  // Lapsed ones first, oldest epoch first. Taking one changes the maps: each round looks anew.
  auto lapsed = [&] {
    return std::ranges::find_if(leases_, [&](const auto& l) { return l.second.until <= c.now.steady; });
  };
  for (auto at = lapsed(); c.leased.size() < end_at && at != leases_.end(); at = lapsed()) {
    const TaskId id = at->second.tasks.front();
    Task& t = tasks_.at(id);
    if (t.stop) {
      at->second.taken.push_back(id);
      end(id, t, State::cancelled, kKeepForever, c.now, c.ends);
    } else {
      lease(name, id, t, epoch, c);
    }
  }
  while (c.leased.size() < end_at && !ready_.empty()) {
    const TaskId id = std::get<TaskId>(*ready_.begin());
    lease(name, id, tasks_.at(id), epoch, c);
  }
}

std::optional<Millis> Queue::next_due(const Now& now) const {
  std::optional<Millis> out;
  const auto in = [&out](Millis time) { out = std::max(Millis(0), out ? std::min(*out, time) : time); };
  if (!ready_.empty()) in(Millis(0));
  if (!scheduled_.empty()) in(scheduled_.begin()->first - now.wall);
  for (const auto& [epoch, lease] : leases_) in(lease.until - now.steady);
  return out;
}

void Queue::save(Writer& out) const {
  out.number(tasks_.size());
  for (const auto& [id, t] : tasks_) {
    out.id(id);
    out.text(t.kind), out.text(t.body), out.text(t.note);
    for (std::int64_t n :
         {std::int64_t{t.priority}, std::int64_t{t.weight}, std::int64_t(t.arrival), static_cast<std::int64_t>(t.state),
          std::int64_t(t.end), std::int64_t(t.epoch), std::int64_t{t.failures}, std::int64_t{t.crashes},
          std::int64_t{t.begun}, std::int64_t{t.stop}}) {
      out.number(n);
    }
    for (Time time : {t.enqueued, t.due, t.ended}) out.number(time.time_since_epoch().count());
    out.number(t.since.count()), out.number(t.keep_until.count());
  }
  out.number(gone_.size());
  for (const auto& [id, stone] : gone_) {
    out.id(id);
    out.number(stone.state), out.number(stone.epoch), out.number(stone.ended.time_since_epoch().count());
    out.number(stone.since.count());
  }
  out.number(leases_.size());
  for (const auto& [epoch, lease] : leases_) {
    out.number(epoch), out.number(lease.until.count());
    for (const auto* ids : {&lease.tasks, &lease.taken}) {
      out.number(ids->size());
      for (const TaskId& id : *ids) out.id(id);
    }
  }
}

void Queue::load(Reader& in) {
  for (auto n = in.number(); n > 0; --n) {
    const TaskId id = in.id();
    Task& t = tasks_[id];
    t.kind = in.text(), t.body = in.text(), t.note = in.text();
    t.priority = in.number_as<std::int32_t>(), t.weight = in.number_as<std::uint16_t>(), t.arrival = in.number();
    t.state = in.number_as<State>(), t.end = in.number(), t.epoch = in.number();
    t.failures = in.number_as<std::uint32_t>(), t.crashes = in.number_as<std::uint32_t>();
    t.begun = in.number() != 0, t.stop = in.number() != 0;
    for (Time* time : {&t.enqueued, &t.due, &t.ended}) *time = Time(in.millis());
    t.since = in.millis(), t.keep_until = in.millis();
    index(id, t);
  }
  for (auto n = in.number(); n > 0; --n) {
    Tombstone& stone = gone_[in.id()];
    stone.state = in.number_as<State>(), stone.epoch = in.number(), stone.ended = Time(in.millis());
    stone.since = in.millis();
  }
  for (auto n = in.number(); n > 0; --n) {
    Lease& lease = leases_[in.number()];
    lease.until = in.millis();
    for (auto* ids : {&lease.tasks, &lease.taken}) {
      for (auto left = in.number(); left > 0; --left) ids->push_back(in.id());
    }
  }
}

}  // namespace filesystem
