// The contract of backend.hpp as the simplest program that keeps it: maps, linear scans, one thread,
// and the time set by hand. What a backend answers is compared with what this answers.
//
// Where the contract leaves a choice (which key goes first, which flow is let through a gate, which of two
// tasks that ended in the same millisecond is trimmed first, whether an old tombstone is forgotten), the
// model takes the choice seen as a hint and checks that it was open. It draws its own epochs and revisions.
#pragma once

#include "model/compare.hpp"
#include "model/flow.hpp"

namespace penstock::model {

class Model : public Flow {
 public:
  explicit Model(const Properties& properties) : properties_(properties) {}
  std::map<std::string, Document> documents;

  Result<std::vector<Admission>> enqueue(std::span<const NewTask> tasks, const Guard* guard) {
    if (tasks.size() > properties_.max_batch) return kInvalid;
    if (!supports(kGuard * (guard != nullptr), tasks)) return kUnsupported;
    Result<std::uint64_t> done = 0;
    if (guard) done = put({std::string(guard->document), std::string(guard->value), guard->revision});
    if (!done) return done.error();
    std::vector<Admission> out;
    for (const NewTask& t : tasks) out.push_back(admit("enqueue", t, t.queue_limit));
    return out;
  }

  Result<Exchanged> exchange(const Exchange& x, Answer& answer) {
    if (std::max({x.settle.size(), x.extend.size(), x.claim.size()}) > properties_.max_batch) return kInvalid;
    std::set<std::string_view> names;
    for (const Share& share : x.claim) names.insert(share.queue);
    for (const Settlement& s : x.settle)
      if (!supports(kChildren * !s.children.empty(), s.children)) return kUnsupported;
    if (names.size() != x.claim.size() || x.lease < Millis(1)) return kInvalid;

    Exchanged out;
    for (const Settlement& s : x.settle) out.settled.push_back(settle(s));
    for (const Held& h : x.extend) out.extended.push_back(extend(h, now.boot + x.lease));
    for (const Share& share : x.claim) queue(share.queue).epoch = ++last_epoch_;
    for (const Share& share : x.claim) claim(queue(share.queue), share.quota, x, answer, out);
    for (const Share& share : x.claim) claim(queue(share.queue), x.limit, x, answer, out);  // what is left of it
    Millis next = kNever;
    for (const Share& share : x.claim) next = std::min(next, this->next(queue(share.queue), answer.soonest));
    if (next != kNever) out.next_due = std::max(next - now.boot, Millis(0));
    return out;
  }

  Item cancel(const TaskKey& key) {
    return on("cancel", key, true, [&](Task& t) {
      if (ended(t.record.state)) return Item::finished;
      if (waiting(t.record.state)) return end(t, State::cancelled, kKeepForever), Item::ok;
      t.record.cancel_requested = true;
      return Item::requested;
    });
  }

  std::optional<Record> get(const TaskKey& key) {
    std::optional<Record> out;
    if (const Task* t = find(key)) out = t->record;
    if (out && out->state == State::scheduled && out->due <= now.wall) out->state = State::ready;
    return out;
  }

  std::vector<Counts> counts() const {
    std::vector<Counts> out;
    for (const auto& [name, q] : queues_) {
      if (q.arrivals == 0) continue;
      Counts& c = out.emplace_back(Counts{name, {}, 0});
      for (const auto& [id, t] : q.tasks) {
        if (!t.record.tombstone) ++c.by_state[static_cast<std::size_t>(t.record.state)];
        if (ended(t.record.state)) c.bytes_ended += octets(t.record);
      }
    }
    return out;
  }

  // The hint: what the backend let go of, the content or all of it.
  Result<std::uint64_t> trim(const Retention& r, const std::set<TaskId>& emptied, const std::set<TaskId>& forgotten) {
    if (!ended(r.state)) return kInvalid;
    Queue& q = queue(r.queue);
    const auto old = [&](const Task& t) { return now.ages - t.since >= std::min(t.keep, r.age); };
    // Among tasks that ended in the same millisecond the order is the backend's to choose: the one that
    // lets go of those it let go of, if there is one.
    std::map<std::tuple<Millis, bool, bool, std::uint64_t, TaskId>, Task*> oldest;
    std::uint64_t bytes = 0, out = 0;
    for (auto& [id, t] : q.tasks) {
      if (t.record.state != r.state || t.record.tombstone) continue;
      oldest[{t.since, emptied.count(id) == 0, old(t), octets(t.record), id}] = &t;
      bytes += octets(t.record);
    }
    std::uint64_t left = oldest.size();
    for (auto& [order, t] : oldest) {
      if (out == r.at_most || !(old(*t) || left > r.count || bytes > r.bytes)) continue;
      seen(old(*t) ? "trim: by age" : left > r.count ? "trim: by count" : "trim: by bytes");
      --left, ++out, bytes -= octets(t->record);
      bury(t->record);
    }
    for (const TaskId& id : forgotten) {
      const Task* t = find({q.name, id});
      if (t && t->record.tombstone && now.ages - t->since > properties_.remembers_ids) q.tasks.erase(id);
    }
    return out;
  }

  Result<std::uint64_t> put(const Document& d) {
    if (d.revision != (documents.count(d.name) ? documents[d.name].revision : 0)) return Error{Errc::conflict, d.name};
    documents[d.name] = {d.name, d.value, d.revision + 1};
    return d.revision + 1;
  }

  // All pages, by arrival.
  std::map<std::uint64_t, std::pair<TaskId, Record>> list(const Filter& f) {
    std::map<std::uint64_t, std::pair<TaskId, Record>> out;
    for (const auto& [id, t] : queue(f.queue).tasks) {
      const Record r = *get({f.queue, id});
      const Time when = ended(r.state) ? r.ended : r.enqueued;
      const bool wanted = !r.tombstone && r.state == f.state && (f.kind.empty() || f.kind == r.kind);
      if (wanted && when >= f.from && when < f.to) out[t.arrival] = {id, r};
    }
    return out;
  }

  Item move(const TaskKey& key, State from, State to, Millis delay) {
    const bool again = from == State::dead || from == State::cancelled || from == State::scheduled;
    const bool known = to == State::ready ? again : from == State::leased && to == State::cancelled;
    return on(std::string("move ") + name(from), key, known, [&](Task& t) {
      Record& r = t.record;
      if (ended(from) && r.tombstone) return Item::not_found;
      if (r.state != from)
        return ended(r.state) ? Item::finished : r.state == State::leased ? Item::lease_lost : Item::conflict;
      if (from == State::scheduled) return wait(t, Millis(0)), Item::ok;
      Queue& q = queue(key.queue);
      if (from == State::leased) {
        q.taken[r.epoch].push_back(key.id);
        end(t, State::cancelled, kKeepForever);
      } else {
        Holder& last = q.keys[r.unique];
        if (last.id != key.id && taken(q, last)) return Item::conflict;
        if (!taken(q, last)) last = {key.id, {}};
        t.holds = !r.unique.empty();
        r.failures = r.crashes = 0;
        wait(t, delay);
      }
      r.epoch = ++last_epoch_;
      return Item::ok;
    });
  }

 private:
  static std::uint64_t octets(const Record& r) { return r.body.size() + r.note.size(); }
  static bool waiting(State s) { return s == State::held || s == State::scheduled || s == State::ready; }
  static void bury(Record& r) { r = {.state = r.state, .epoch = r.epoch, .tombstone = true, .ended = r.ended}; }
  Task* find(const TaskKey& key) {
    auto& tasks = queue(key.queue).tasks;
    return tasks.count(key.id) ? &tasks.at(key.id) : nullptr;
  }

  // What is answered, noted for the table of coverage.
  Item note(const std::string& verb, const std::string& what, Item answer) const {
    return seen(verb + " on " + what + ": " + name(answer)), answer;
  }
  Item on(const std::string& verb, const TaskKey& key, bool valid, const std::function<Item(Task&)>& what) {
    if (!valid || !valid_name(key.queue)) return note(verb, "a broken rule", Item::invalid);
    Task* t = find(key);
    if (!t) return note(verb, "nothing", Item::not_found);
    const Record was = t->record;
    const std::string more = was.tombstone ? ", a tombstone" : was.cancel_requested ? ", asked to stop" : "";
    return note(verb, name(was.state) + more, what(*t));
  }

  // Into the queue, to run after `delay`.
  void wait(Task& t, Millis delay) {
    t.record.state = delay > Millis(0) ? State::scheduled : State::ready;
    t.record.due = delay > Millis(0) ? now.wall + delay : Time{};
    t.record.ended = {};
    t.record.begun = t.record.cancel_requested = false;
  }

  void end(Task& t, State state, Millis keep) {
    t.record.state = state;
    t.record.due = {};
    t.record.ended = now.wall;
    t.record.begun = t.record.cancel_requested = t.holds = false;
    t.keep = keep;
    t.since = now.ages;
    if (keep == Millis(0)) bury(t.record);
  }

  bool supports(std::uint32_t used, std::span<const NewTask> tasks) const {
    for (const NewTask& t : tasks)
      used |= kUnique * !t.unique.empty() | kFair * !t.fair.empty() | kGates * !t.gates.empty() |
              kAfter * !t.after.empty() | kLimit * (t.queue_limit != 0);
    return (used & ~properties_.features) == 0;
  }

  bool valid(const NewTask& t) const {
    const std::set<std::string_view> gates(t.gates.begin(), t.gates.end());
    const auto fits = [](std::string_view key) { return key.size() <= kMaxKey; };
    return valid_name(t.key.queue) && valid_name(t.kind) && t.body.size() <= properties_.max_body && t.weight != 0 &&
           t.delay >= Millis(0) && t.unique_for >= Millis(0) && fits(t.unique) && fits(t.fair) && !gates.count("") &&
           t.gates.size() <= kMaxGates && t.gates.size() == gates.size() &&
           std::all_of(gates.begin(), gates.end(), fits);
  }

  // Whether others are kept from a unique key.
  bool taken(Queue& q, const Holder& last) {
    const Task* holder = find({q.name, last.id});
    return last.until > now.wall || (holder && holder->holds);
  }

  Admission admit(const std::string& verb, const NewTask& t, std::uint64_t queue_limit) {
    if (!valid(t)) return {note(verb, "a broken rule", Item::invalid), t.key.id};
    Queue& q = queue(t.key.queue);
    if (const Task* there = find(t.key)) {
      const Record& r = there->record;
      const bool same = r.tombstone || (r.kind == t.kind && r.body == t.body);
      return {note(verb, r.tombstone ? "tombstone" : name(r.state), same ? Item::exists : Item::conflict), t.key.id};
    }
    Holder& last = q.keys[std::string(t.unique)];
    Task* holder = find({q.name, last.id});
    if (holder && !holder->holds) holder = nullptr;
    if (taken(q, last) && !(holder && t.replace && waiting(holder->record.state))) {
      const char* what = !holder ? "the time of a key" : t.replace ? "a key to replace" : "a key";
      return {note(verb, what, Item::conflict), last.id};
    }
    std::uint64_t depth = 0;
    for (const auto& [id, other] : q.tasks) depth += waiting(other.record.state) && &other != holder;
    if (queue_limit != 0 && depth >= queue_limit) return {note(verb, "a full queue", Item::full), t.key.id};
    if (holder) {
      end(*holder, State::cancelled, Millis(0));
      turn(q);  // its fair key may lose its place
      note(verb, "a waiting holder", Item::ok);
    }
    Task& made = q.tasks[t.key.id];
    made.record = {.kind = std::string(t.kind),
                   .body = std::string(t.body),
                   .priority = t.priority,
                   .weight = t.weight,
                   .enqueued = now.wall,
                   .unique = std::string(t.unique),
                   .fair = std::string(t.fair),
                   .gates = {t.gates.begin(), t.gates.end()}};
    std::sort(made.record.gates.begin(), made.record.gates.end());
    made.arrival = ++q.arrivals;
    made.unique_while = t.unique_while;
    made.holds = !t.unique.empty();
    if (made.holds) last.id = t.key.id;
    if (made.holds && t.unique_for > Millis(0))
      last.until = std::max(last.until, now.wall + std::min<Millis>(t.unique_for, Time::max() - now.wall));
    wait(made, t.due ? std::chrono::duration_cast<Millis>(*t.due - now.wall) : t.delay);
    return {note(verb, made.record.state == State::ready ? "nothing, at once" : "nothing, later", Item::ok), t.key.id};
  }

  Item settle(const Settlement& s) {
    const Task* there = find(s.key);
    const bool other = there && (s.epoch == 0 || there->record.epoch != s.epoch);  // 0 is no lease
    const std::string verb = std::string("settle ") + name(s.to) + (other ? ", another epoch," : "");
    const auto fits = [&](const NewTask& c) { return c.key.queue == s.key.queue && valid(c); };
    const bool fit = s.note.size() <= properties_.max_body && std::all_of(s.children.begin(), s.children.end(), fits);
    return on(verb, s.key, s.to >= State::ready && fit, [&](Task& t) {
      Record& r = t.record;
      if (other) return Item::lease_lost;
      if (r.state != State::leased) {  // repeated, or too late: the table of Settlement
        if (s.to == State::ready && waiting(r.state)) return Item::ok;
        if (s.to == State::ready && r.state == State::cancelled) return Item::requested;
        return ended(s.to) && s.to == r.state ? Item::ok : Item::lease_lost;
      }
      const bool again = s.to == State::leased && r.begun;  // a repeated mark is not charged twice
      const bool stop = s.to == State::ready && r.cancel_requested, ends = ended(s.to) || stop;
      r.failures += s.charge == Charge::failure && !again;
      r.crashes += s.charge == Charge::crash && !again;
      if (!s.note.empty()) r.note = s.note;
      if (ends) t.holds = false;  // a child may take its key
      for (const NewTask& child : s.children) admit("child", child, 0);
      if (s.to == State::ready && s.unstarted) spend(queue(s.key.queue), r, -1);
      r.begun = true;
      if (s.to == State::ready && !stop) wait(t, s.delay);
      if (ends) end(t, stop ? State::cancelled : s.to, stop ? kKeepForever : s.keep);
      return stop ? Item::requested : Item::ok;
    });
  }

  Extended extend(const Held& held, Millis until) {
    Queue& q = queue(held.queue);
    Extended out{Item::lease_lost, q.taken[held.epoch]};
    for (auto& [id, t] : q.tasks) {
      if (t.record.state != State::leased || t.record.epoch != held.epoch) continue;
      out.what = Item::ok;
      t.until = until;
      if (t.record.cancel_requested) out.stop.push_back(id);
    }
    return out;
  }

  // Claims tasks of a queue, `quota` at the most: lapsed ones, then ready ones.
  void claim(Queue& q, std::uint32_t quota, const Exchange& x, Answer& answer, Exchanged& out) {
    const std::size_t full = std::min<std::size_t>(x.limit, out.leased.size() + quota);
    for (auto& [id, t] : q.tasks)  // there are never 1,000
      if (t.record.state == State::scheduled && t.record.due <= now.wall) wait(t, Millis(0));
    if (rooms(q).at("").held > now.boot) return seen("claim: the queue is closed");
    while (out.leased.size() < full) {
      const Rooms rooms = turn(q);
      Entry* e = nullptr;
      for (Entry& other : q.tasks)
        if (other.second.record.state == State::leased && other.second.until <= now.boot)
          if (!e || other.second.place < e->second.place) e = &other;
      const bool lapsed = e, ahead = out.leased.size() + x.ahead >= x.limit;
      if (!lapsed) e = choose(q, rooms, ahead, answer);
      if (!e) return;
      auto& [id, t] = *e;
      Record& r = t.record;
      if (lapsed) q.taken[r.epoch].push_back(id);
      if (lapsed && r.cancel_requested) {
        seen("claim: lapsed, cancel requested, ends");
        end(t, State::cancelled, kKeepForever);
        continue;
      }
      std::uint32_t marked = 0;
      for (const Leased& l : out.leased) marked += l.begun && !l.lapsed;
      const bool mark = !lapsed && r.crashes == 0 && marked < x.begin;
      out.leased.push_back({q.name, r.kind, r.body, r.note, id, q.epoch, r.priority, r.weight, r.failures, r.crashes,
                            lapsed, lapsed ? r.begun : mark});
      r.state = State::leased;
      r.epoch = q.epoch;
      r.begun = mark;
      t.until = now.boot + x.lease;
      t.place = ++turn_;
      if (t.unique_while == Unique::waiting) t.holds = false;
      if (auto& hint = answer.leased[q.name]; !hint.empty()) hint.erase(hint.begin());
      if (lapsed) continue;
      for (const auto& [gate, room] : rooms)
        if (!room.open) seen(room.slot ? "claim: past a gate that opens later" : "claim: past a gate that is full");
      spend(q, r, 1);
      q.turns[r.fair].serve(turn_);
    }
  }

  Properties properties_;
  Epoch last_epoch_ = 0;
};

}  // namespace penstock::model
