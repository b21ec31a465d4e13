#include "model/model.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include <penstock/plugin/names.hpp>

#include "model/compare.hpp"

namespace penstock::model {
namespace {

using std::chrono::duration_cast;

std::uint64_t octets(const Record& r) { return r.body.size() + r.note.size(); }

bool waiting(State s) { return s == State::held || s == State::scheduled || s == State::ready; }

// The table of Settlement: a settlement repeated, or too late, under the task's own epoch.
Item repeated(State to, State now) {
  if (to == State::ready && waiting(now)) return Item::ok;
  if (to == State::ready && now == State::cancelled) return Item::requested;
  return ended(to) && to == now ? Item::ok : Item::lease_lost;
}

Error invalid(const char* why) { return Error{Errc::invalid, why}; }

}  // namespace

Model::Task* Model::find(const TaskKey& key) {
  auto queue = queues_.find(key.queue);
  if (queue == queues_.end()) return nullptr;
  auto task = queue->second.tasks.find(key.id);
  return task == queue->second.tasks.end() ? nullptr : &task->second;
}

bool Model::supports(const NewTask& t) const {
  std::uint32_t used = 0;
  if (!t.unique.empty()) used |= kUnique;
  if (!t.fair.empty()) used |= kFair;
  if (!t.gates.empty()) used |= kGates;
  if (!t.after.empty()) used |= kAfter;
  if (t.queue_limit != 0) used |= kLimit;
  return (used & ~properties_.features) == 0;
}

bool Model::valid(const NewTask& t) const {
  const std::set<std::string_view> gates(t.gates.begin(), t.gates.end());
  return valid_name(t.key.queue) && valid_name(t.kind) && t.body.size() <= properties_.max_body && t.weight != 0 &&
         t.delay >= Millis(0) && t.unique_for >= Millis(0) && t.unique.size() <= kMaxKey && t.fair.size() <= kMaxKey &&
         t.gates.size() <= kMaxGates && gates.size() == t.gates.size() && gates.count("") == 0 &&
         std::all_of(gates.begin(), gates.end(), [](std::string_view g) { return g.size() <= kMaxKey; });
}

bool Model::valid(const Settlement& s) const {
  return valid_name(s.key.queue) && (s.to == State::leased || s.to == State::ready || ended(s.to)) &&
         s.note.size() <= properties_.max_body &&
         std::all_of(s.children.begin(), s.children.end(),
                     [&](const NewTask& c) { return c.key.queue == s.key.queue && valid(c); });
}

// Into the queue, to run after `delay`.
void Model::wait(Task& t, Millis delay, Now now) {
  t.record.state = delay > Millis(0) ? State::scheduled : State::ready;
  t.record.due = delay > Millis(0) ? now.wall + delay : Time{};
  t.record.ended = {};
  t.record.begun = t.record.cancel_requested = false;
}

void Model::end(Task& t, State state, Millis keep, Now now) {
  t.record.state = state;
  t.record.due = {};
  t.record.ended = now.wall;
  t.record.begun = t.record.cancel_requested = t.holds = false;
  t.keep = keep;
  t.since = aging(now);
  if (keep == Millis(0)) bury(t);
}

void Model::bury(Task& t) {
  Record grave;
  grave.state = t.record.state;
  grave.epoch = t.record.epoch;
  grave.ended = t.record.ended;
  grave.tombstone = true;
  t.record = grave;
}

// ---- enqueue

Result<std::vector<Admission>> Model::enqueue(std::span<const NewTask> tasks, const Guard* guard, Now now) {
  if (tasks.size() > properties_.max_batch) return invalid("batch");
  if (guard && !(properties_.features & kGuard)) return Error{Errc::unsupported, "guard"};
  for (const NewTask& t : tasks)
    if (!supports(t)) return Error{Errc::unsupported, "feature"};
  if (guard) {
    auto put_there = put({std::string(guard->document), std::string(guard->value), guard->revision});
    seen(put_there ? "enqueue, guarded: accepted" : "enqueue, guarded: conflict");
    if (!put_there) return put_there.error();
  }
  std::vector<Admission> out;
  for (const NewTask& t : tasks) out.push_back(admit(t, true, now));
  return out;
}

bool Model::taken(Queue& q, std::string_view key, Now now) {
  auto at = q.keys.find(key);
  if (at == q.keys.end()) return false;
  auto holder = q.tasks.find(at->second.id);
  return at->second.until > now.wall || (holder != q.tasks.end() && holder->second.holds);
}

Admission Model::admit(const NewTask& t, bool limited, Now now) {
  const std::string verb = limited ? "enqueue" : "child";
  const auto answer = [&](Item what, const std::string& on, const TaskId& id) {
    seen(verb + " on " + on + ": " + name(what));
    return Admission{what, id};
  };
  if (!valid(t)) return answer(Item::invalid, "a broken rule", t.key.id);
  if (Task* there = find(t.key)) {
    const Record& r = there->record;
    if (r.tombstone) return answer(Item::exists, "tombstone", t.key.id);
    return answer(r.kind == t.kind && r.body == t.body ? Item::exists : Item::conflict, name(r.state), t.key.id);
  }
  auto queue = queues_.find(t.key.queue);
  Task* replaced = nullptr;
  if (!t.unique.empty() && queue != queues_.end() && taken(queue->second, t.unique, now)) {
    const Holder& last = queue->second.keys.find(t.unique)->second;
    Task* holder = find({t.key.queue, last.id});
    const bool holds = holder && holder->holds, waits = holds && waiting(holder->record.state);
    if (!t.replace || !waits) {
      const char* of = !holds ? "the time of a key" : t.replace ? "a key to replace" : "a key";
      return answer(Item::conflict, of, last.id);
    }
    replaced = holder;
  }
  if (limited && t.queue_limit != 0 && queue != queues_.end()) {
    const auto& tasks = queue->second.tasks;
    auto depth =
        std::count_if(tasks.begin(), tasks.end(), [](const auto& e) { return waiting(e.second.record.state); });
    if (static_cast<std::uint64_t>(depth - (replaced != nullptr)) >= t.queue_limit)
      return answer(Item::full, "a full queue", t.key.id);
  }
  Queue& q = queues_[std::string(t.key.queue)];
  if (replaced) {
    end(*replaced, State::cancelled, Millis(0), now);
    turn(std::string(t.key.queue), q, now);
    seen(verb + " on a waiting holder: replaces");
  }
  Task& made = q.tasks[t.key.id];
  made.record.kind = t.kind;
  made.record.body = t.body;
  made.record.priority = t.priority;
  made.record.weight = t.weight;
  made.record.enqueued = now.wall;
  made.record.unique = t.unique, made.record.fair = t.fair;
  made.record.gates.assign(t.gates.begin(), t.gates.end());
  std::sort(made.record.gates.begin(), made.record.gates.end());
  made.arrival = ++last_arrival_;
  made.unique_while = t.unique_while;
  made.holds = !t.unique.empty();
  if (made.holds) {
    Holder& key = q.keys[made.record.unique];
    const Time until = t.unique_for > Time::max() - now.wall ? Time::max() : now.wall + t.unique_for;
    key = {t.key.id, replaced ? std::max(key.until, until) : until};
  }
  wait(made, t.due ? duration_cast<Millis>(*t.due - now.wall) : t.delay, now);
  turn(std::string(t.key.queue), q, now);
  return answer(Item::ok, made.record.state == State::ready ? "nothing, at once" : "nothing, later", t.key.id);
}

// ---- exchange: settle

Item Model::settle(const Settlement& s, Now now) {
  const auto answer = [&](Item what, const std::string& on) {
    seen(std::string("settle ") + name(s.to) + " on " + on + ": " + name(what));
    return what;
  };
  if (!valid(s)) return answer(Item::invalid, "a broken rule");
  Task* t = find(s.key);
  if (!t) return answer(Item::not_found, "nothing");
  Record& r = t->record;
  if (s.epoch == 0 || r.epoch != s.epoch)  // 0 is no lease, also on a task that was never leased
    return answer(Item::lease_lost, std::string(name(r.state)) + " of another epoch");
  if (r.state != State::leased) return answer(repeated(s.to, r.state), std::string(name(r.state)) + " of its epoch");

  const std::string was = r.cancel_requested ? "leased, cancel requested" : "leased";
  const bool again = s.to == State::leased && r.begun;  // a repeated mark is not charged twice
  if (s.charge == Charge::failure && !again) ++r.failures;
  if (s.charge == Charge::crash && !again) ++r.crashes;
  if (!s.note.empty()) r.note = s.note;
  Item what = Item::ok;
  if (s.to == State::ready && s.unstarted) {
    seen("settle: tokens go back");
    for (const std::string& gate : gates_of(r)) gates_.refund({std::string(s.key.queue), gate});
  }
  if (s.to == State::leased) {
    r.begun = true;
  } else if (s.to == State::ready && r.cancel_requested) {
    end(*t, State::cancelled, kKeepForever, now);
    what = Item::requested;
  } else if (s.to == State::ready) {
    wait(*t, s.delay, now);
  } else {
    end(*t, s.to, s.keep, now);
  }
  for (const NewTask& child : s.children) admit(child, false, now);
  return answer(what, was);
}

// ---- exchange: extend

bool Model::holds(const Queue& q, Epoch epoch, const TaskId& id) {
  auto t = q.tasks.find(id);
  return t != q.tasks.end() && t->second.record.state == State::leased && t->second.record.epoch == epoch;
}

Extended Model::extend(const Held& held, Millis until) {
  const Extended lost{Item::lease_lost, {}};
  auto queue = queues_.find(held.queue);
  if (queue == queues_.end()) return lost;
  Queue& q = queue->second;
  auto batch = q.batches.find(held.epoch);
  if (batch == q.batches.end()) return seen("extend of no batch: lease_lost"), lost;
  Batch& b = batch->second;
  if (std::none_of(b.tasks.begin(), b.tasks.end(), [&](const TaskId& id) { return holds(q, held.epoch, id); }))
    return seen("extend of a batch that is gone: lease_lost"), lost;
  b.until = until;
  Extended out;
  for (const TaskId& id : b.tasks) {
    bool taken = b.taken.count(id) != 0;
    bool wanted = holds(q, held.epoch, id) && q.tasks.at(id).record.cancel_requested;
    if (taken || wanted) out.stop.push_back(id);
    if (taken) seen("extend: stop, taken away");
    if (wanted) seen("extend: stop, cancel wanted");
  }
  seen("extend: ok");
  return out;
}

// ---- the rest

Item Model::cancel(const TaskKey& key, Now now) {
  const auto answer = [&](Item what, const std::string& on) {
    seen("cancel on " + on + ": " + name(what));
    return what;
  };
  if (!valid_name(key.queue)) return answer(Item::invalid, "a broken rule");
  Task* t = find(key);
  if (!t) return answer(Item::not_found, "nothing");
  State was = t->record.state;
  if (ended(was)) return answer(Item::finished, t->record.tombstone ? "tombstone" : name(was));
  if (waiting(was)) return end(*t, State::cancelled, kKeepForever, now), answer(Item::ok, name(was));
  bool again = std::exchange(t->record.cancel_requested, true);
  return answer(Item::requested, again ? "leased, again" : "leased");
}

Result<std::vector<Item>> Model::cancel(std::span<const TaskKey> keys, Now now) {
  if (keys.size() > properties_.max_batch) return invalid("batch");
  std::vector<Item> out;
  for (const TaskKey& key : keys) out.push_back(cancel(key, now));
  turn(now);
  return out;
}

Record Model::report(const Task& t, Now now) {
  Record r = t.record;
  if (r.state == State::scheduled && r.due <= now.wall) r.state = State::ready;
  return r;
}

std::vector<std::optional<Record>> Model::get(std::span<const TaskKey> keys, Now now) const {
  std::vector<std::optional<Record>> out;
  for (const TaskKey& key : keys) {
    const Task* t = const_cast<Model*>(this)->find(key);
    out.push_back(t ? std::optional(report(*t, now)) : std::nullopt);
  }
  return out;
}

std::vector<Counts> Model::counts() const {
  std::vector<Counts> out;
  for (const auto& [queue, q] : queues_) {
    Counts c{queue, {}, 0};
    for (const auto& [id, t] : q.tasks) {
      if (t.record.tombstone) continue;
      ++c.by_state[static_cast<std::size_t>(t.record.state)];
      if (ended(t.record.state)) c.bytes_ended += octets(t.record);
    }
    out.push_back(std::move(c));
  }
  return out;
}

Result<std::uint64_t> Model::trim(const Retention& r, Now now, const Trimmed& hint) {
  if (!ended(r.state)) return seen("trim of a state that is no end: invalid"), invalid("state");
  auto queue = queues_.find(r.queue);
  if (queue == queues_.end()) return std::uint64_t{0};
  std::vector<Entry*> kept;
  std::uint64_t bytes = 0;
  for (Entry& e : queue->second.tasks) {
    if (e.second.record.state != r.state || e.second.record.tombstone) continue;
    kept.push_back(&e);
    bytes += octets(e.second.record);
  }
  const auto age = [&](const Task& t) { return aging(now) - t.since; };
  const auto expired = [&](const Task& t) { return age(t) >= t.keep || age(t) >= r.age; };
  // Among tasks that ended in the same millisecond the order is the backend's to choose: the one that
  // lets go of those it let go of, if there is one.
  std::sort(kept.begin(), kept.end(), [&](const Entry* a, const Entry* b) {
    const auto rank = [&](const Entry* e) {
      return std::tuple(e->second.since, hint.emptied.count(e->first) == 0, expired(e->second),
                        octets(e->second.record), e->second.arrival);
    };
    return rank(a) < rank(b);
  });
  std::uint64_t left = kept.size(), out = 0;
  for (Entry* e : kept) {
    if (out == r.at_most) break;
    Task& t = e->second;
    const char* why = age(t) >= t.keep  ? "keep"
                      : age(t) >= r.age ? "age"
                      : left > r.count  ? "count"
                      : bytes > r.bytes ? "bytes"
                                        : nullptr;
    if (!why) continue;
    seen(std::string("trim: by ") + why);
    --left, ++out, bytes -= octets(t.record);
    bury(t);
  }
  if (out == r.at_most) seen("trim: at_most");
  for (const TaskId& id : hint.forgotten) {
    auto t = queue->second.tasks.find(id);
    if (t == queue->second.tasks.end() || !t->second.record.tombstone) continue;
    if (age(t->second) <= properties_.remembers_ids) continue;
    seen("trim: forgets");
    queue->second.tasks.erase(t);
  }
  return out;
}

std::vector<Document> Model::documents() const {
  std::vector<Document> out;
  for (const auto& [name, document] : documents_) out.push_back(document);
  return out;
}

Result<std::uint64_t> Model::put(const Document& d) {
  auto there = documents_.find(d.name);
  std::uint64_t revision = there == documents_.end() ? 0 : there->second.revision;
  const std::string on = revision == 0 ? "nothing" : "a document";
  if (d.revision != revision) return seen("put on " + on + ": conflict"), Error{Errc::conflict, d.name};
  documents_[d.name] = {d.name, d.value, revision + 1};
  seen("put on " + on + ": ok");
  return revision + 1;
}

std::vector<std::pair<TaskId, Record>> Model::list(const Filter& f, Now now) const {
  std::map<std::uint64_t, std::pair<TaskId, Record>> out;
  auto queue = queues_.find(f.queue);
  if (queue == queues_.end()) return {};
  for (const auto& [id, t] : queue->second.tasks) {
    Record r = report(t, now);
    Time when = ended(r.state) ? r.ended : r.enqueued;
    if (r.tombstone || r.state != f.state || when < f.from || when >= f.to) continue;
    if (f.kind.empty() || f.kind == r.kind) out.emplace(t.arrival, std::pair(id, r));
  }
  std::vector<std::pair<TaskId, Record>> page;
  for (auto& [arrival, row] : out) page.push_back(std::move(row));
  seen(page.empty() ? "list: empty" : page.size() > f.at_most ? "list: pages" : "list: a page");
  return page;
}

bool Model::moves(State from, State to) {
  if (to == State::ready) return from == State::dead || from == State::cancelled || from == State::scheduled;
  return from == State::leased && to == State::cancelled;
}

Item Model::move(const TaskKey& key, State from, State to, Millis delay, Now now) {
  const auto answer = [&](Item what, const std::string& on) {
    seen(std::string("move ") + name(from) + " on " + on + ": " + name(what));
    return what;
  };
  const bool hurry = from == State::scheduled, force = from == State::leased, replay = !hurry && !force;
  if (!moves(from, to) || !valid_name(key.queue)) return answer(Item::invalid, "a broken rule");
  Task* t = find(key);
  if (!t) return answer(Item::not_found, "nothing");
  Record& r = t->record;
  if (replay && r.tombstone) return answer(Item::not_found, "tombstone");
  const State was = r.state;
  if (was != from) {
    return answer(ended(was) ? Item::finished : was == State::leased ? Item::lease_lost : Item::conflict, name(was));
  }
  if (hurry) {
    wait(*t, Millis(0), now);
  } else if (force) {
    queues_.find(key.queue)->second.batches.at(r.epoch).taken.insert(key.id);
    r.epoch = ++last_epoch_;
    end(*t, State::cancelled, kKeepForever, now);
  } else {
    Queue& q = queues_.find(key.queue)->second;
    if (!r.unique.empty()) {
      const bool free = !taken(q, r.unique, now);
      Holder& holder = q.keys[r.unique];
      if (!free && holder.id != key.id) return answer(Item::conflict, "a taken key");
      if (free) holder = {key.id, Time{}};
      t->holds = true;
    }
    r.epoch = ++last_epoch_;
    r.failures = r.crashes = 0;
    wait(*t, delay, now);
  }
  return answer(Item::ok, name(was));
}

std::vector<Item> Model::move(std::span<const TaskKey> keys, State from, State to, Millis delay, Now now) {
  std::vector<Item> out;
  for (const TaskKey& key : keys) out.push_back(move(key, from, to, delay, now));
  turn(now);
  return out;
}

}  // namespace penstock::model
