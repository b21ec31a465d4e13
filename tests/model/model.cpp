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

Model::Queue& Model::queue(std::string_view name) const {
  auto at = queues_.find(name);
  if (at == queues_.end()) at = queues_.emplace(name, Queue{.name = std::string(name)}).first;
  return at->second;
}

Model::Task* Model::find(Queue& q, const TaskId& id) {
  auto task = q.tasks.find(id);
  return task == q.tasks.end() ? nullptr : &task->second;
}

// What is answered, noted for the table of coverage.
Item Model::on(const std::string& verb, const std::string& what, Item answer) const {
  seen(verb + " on " + what + ": " + name(answer));
  return answer;
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
  t.record = {.state = t.record.state, .epoch = t.record.epoch, .tombstone = true, .ended = t.record.ended};
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
  ++last_turn_;
  std::vector<Admission> out;
  for (const NewTask& t : tasks) out.push_back(admit(t, true, now));
  return out;
}

bool Model::holds_key(Queue& q, const Holder& h, Now now) {
  const Task* holder = find(q, h.id);
  return h.until > now.wall || (holder && holder->holds);
}

Admission Model::admit(const NewTask& t, bool limited, Now now) {
  const std::string verb = limited ? "enqueue" : "child";
  if (!valid(t)) return {on(verb, "a broken rule", Item::invalid), t.key.id};
  Queue& q = queue(t.key.queue);
  if (const Task* there = find(q, t.key.id)) {
    const Record& r = there->record;
    const bool same = r.tombstone || (r.kind == t.kind && r.body == t.body);
    return {on(verb, r.tombstone ? "tombstone" : name(r.state), same ? Item::exists : Item::conflict), t.key.id};
  }
  Task* replaced = nullptr;
  Time until = t.unique_for == Millis(0)               ? Time::min()
               : t.unique_for > Time::max() - now.wall ? Time::max()
                                                       : now.wall + t.unique_for;
  if (auto last = q.keys.find(t.unique); last != q.keys.end() && holds_key(q, last->second, now)) {
    replaced = find(q, last->second.id);
    const bool holds = replaced && replaced->holds;
    if (!holds || !t.replace || !waiting(replaced->record.state)) {
      const char* what = !holds ? "the time of a key" : t.replace ? "a key to replace" : "a key";
      return {on(verb, what, Item::conflict), last->second.id};
    }
    until = std::max(until, last->second.until);
  }
  std::uint64_t depth = 0;
  for (const auto& [id, other] : q.tasks) depth += waiting(other.record.state) && &other != replaced;
  if (limited && t.queue_limit != 0 && depth >= t.queue_limit) return {on(verb, "a full queue", Item::full), t.key.id};
  if (replaced) {
    end(*replaced, State::cancelled, Millis(0), now);
    turn(q, now);
    on(verb, "a waiting holder", Item::ok);
  }
  q.used = true;
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
  if (made.holds) q.keys[made.record.unique] = {t.key.id, until};
  wait(made, t.due ? duration_cast<Millis>(*t.due - now.wall) : t.delay, now);
  turn(q, now);
  return {on(verb, made.record.state == State::ready ? "nothing, at once" : "nothing, later", Item::ok), t.key.id};
}

// ---- exchange: settle

Item Model::settle(const Settlement& s, Now now) {
  const std::string verb = std::string("settle ") + name(s.to);
  if (!valid(s)) return on(verb, "a broken rule", Item::invalid);
  Task* t = find(queue(s.key.queue), s.key.id);
  if (!t) return on(verb, "nothing", Item::not_found);
  Record& r = t->record;
  const std::string state = name(r.state);
  if (s.epoch == 0 || r.epoch != s.epoch)  // 0 is no lease, also on a task that was never leased
    return on(verb, state + " of another epoch", Item::lease_lost);
  if (r.state != State::leased) return on(verb, state + " of its epoch", repeated(s.to, r.state));

  const std::string was = r.cancel_requested ? "leased, cancel requested" : "leased";
  const bool again = s.to == State::leased && r.begun;  // a repeated mark is not charged twice
  if (s.charge == Charge::failure && !again) ++r.failures;
  if (s.charge == Charge::crash && !again) ++r.crashes;
  if (!s.note.empty()) r.note = s.note;
  Item what = Item::ok;
  if (ended(s.to) || (s.to == State::ready && r.cancel_requested)) t->holds = false;  // a child may take its key
  for (const NewTask& child : s.children) admit(child, false, now);
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
  return on(verb, was, what);
}

// ---- exchange: extend

bool Model::holds(Queue& q, Epoch epoch, const TaskId& id) {
  const Task* t = find(q, id);
  return t && t->record.state == State::leased && t->record.epoch == epoch;
}

Extended Model::extend(const Held& held, Millis until) {
  const Extended lost{Item::lease_lost, {}};
  Queue& q = queue(held.queue);
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
  if (!valid_name(key.queue)) return on("cancel", "a broken rule", Item::invalid);
  Task* t = find(queue(key.queue), key.id);
  if (!t) return on("cancel", "nothing", Item::not_found);
  const State was = t->record.state;
  if (ended(was)) return on("cancel", t->record.tombstone ? "tombstone" : name(was), Item::finished);
  if (waiting(was)) return end(*t, State::cancelled, kKeepForever, now), on("cancel", name(was), Item::ok);
  const bool again = std::exchange(t->record.cancel_requested, true);
  return on("cancel", again ? "leased, again" : "leased", Item::requested);
}

Result<std::vector<Item>> Model::cancel(std::span<const TaskKey> keys, Now now) {
  if (keys.size() > properties_.max_batch) return invalid("batch");
  std::vector<Item> out;
  for (const TaskKey& key : keys) out.push_back(cancel(key, now));
  turn_all(now);
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
    const Task* t = find(queue(key.queue), key.id);
    out.push_back(t ? std::optional(report(*t, now)) : std::nullopt);
  }
  return out;
}

std::vector<Counts> Model::counts() const {
  std::vector<Counts> out;
  for (const auto& [name, q] : queues_) {
    if (!q.used) continue;
    Counts c{name, {}, 0};
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
  Queue& q = queue(r.queue);
  std::vector<Entry*> kept;
  std::uint64_t bytes = 0;
  for (Entry& e : q.tasks) {
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
    const Task* t = find(q, id);
    if (!t || !t->record.tombstone || age(*t) <= properties_.remembers_ids) continue;
    seen("trim: forgets");
    q.tasks.erase(id);
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
  for (const auto& [id, t] : queue(f.queue).tasks) {
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
  const std::string verb = std::string("move ") + name(from);
  const bool hurry = from == State::scheduled, force = from == State::leased, replay = !hurry && !force;
  if (!moves(from, to) || !valid_name(key.queue)) return on(verb, "a broken rule", Item::invalid);
  Queue& q = queue(key.queue);
  Task* t = find(q, key.id);
  if (!t) return on(verb, "nothing", Item::not_found);
  Record& r = t->record;
  if (replay && r.tombstone) return on(verb, "tombstone", Item::not_found);
  const State was = r.state;
  if (was != from)
    return on(verb, name(was), ended(was) ? Item::finished : was == State::leased ? Item::lease_lost : Item::conflict);
  if (replay && !r.unique.empty()) {
    Holder& holder = q.keys[r.unique];
    const bool free = !holds_key(q, holder, now);
    if (!free && holder.id != key.id) return on(verb, "a taken key", Item::conflict);
    if (free) holder = {key.id, Time::min()};
    t->holds = true;
  }
  if (force) q.batches.at(r.epoch).taken.insert(key.id);
  if (replay) r.failures = r.crashes = 0;
  if (!hurry) r.epoch = ++last_epoch_;
  force ? end(*t, State::cancelled, kKeepForever, now) : wait(*t, replay ? delay : Millis(0), now);
  return on(verb, name(was), Item::ok);
}

std::vector<Item> Model::move(std::span<const TaskKey> keys, State from, State to, Millis delay, Now now) {
  std::vector<Item> out;
  for (const TaskKey& key : keys) out.push_back(move(key, from, to, delay, now));
  turn_all(now);
  return out;
}

}  // namespace penstock::model
