// A backend that keeps its tasks in the memory of its process. It is small, and claims only what it keeps: no
// feature but strict order, no capability, durability "memory". Put your store in the place of Queue, then
// claim more, one feature at a time: `penstock plugin check` says what each of them promises.
//
// The contract is in <penstock/plugin/backend.hpp>. All policy is the core's: a store keeps tasks, lends them
// out under leases, and changes a leased task only for the holder of its current epoch.
#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <time.h>
#include <tuple>

#include <penstock/plugin/backend.hpp>
#include <penstock/plugin/names.hpp>
#include <penstock/plugin/plugin.hpp>

namespace {

using namespace penstock;

constexpr std::uint32_t kMaxBatch = 256;
constexpr Millis kRemembersIds = std::chrono::minutes(1);  // longer than anybody sends a call again
constexpr Setting kSettings[] = {
    {.key = "max_body",
     .kind = Kind::size,
     .fallback = "2MiB",
     .doc = "Most octets of a body, and of a note.",
     .min = 1,
     .max = 1 << 30},
};

// The wall clock decides when a task is due; leases and ages go by the clock that never jumps.
struct Now {
  Time wall;
  Millis boot;
};

Now read_clocks(TimeSource* lent) {
  if (lent) return {lent->wall(), lent->boot()};
  timespec t{};
  clock_gettime(CLOCK_BOOTTIME, &t);
  return {std::chrono::floor<Millis>(std::chrono::system_clock::now()),
          Millis(t.tv_sec * 1000 + t.tv_nsec / 1'000'000)};
}

Time later(Time now, Millis by) { return by > Time::max() - now ? Time::max() : now + by; }
Millis later(Millis now, Millis by) { return by > Millis::max() - now ? Millis::max() : now + by; }

struct Task {
  Record record;
  std::uint64_t arrival = 0;  // its place among equals, kept for life
  std::uint64_t turn = 0;     // of its end
  Millis since{}, keep{};     // when it ended, and how long its content stays
};

// The tasks that one exchange claimed from one queue. `held` are still with their holder; `taken` went to another.
struct Batch {
  Millis until{};
  std::vector<TaskId> held{}, taken{};
};

// What a claim is about, and what it has got.
struct Claim {
  std::uint32_t limit = 0, begin = 0;
  Millis lease{};
  std::vector<Leased> leased{};
};

class Queue {
 public:
  Admission admit(const NewTask& task, const Now& now);
  Item settle(const Settlement& s, const Now& now);
  Extended extend(Epoch epoch, Millis until);
  void claim(std::string_view name, std::uint32_t most, Epoch epoch, Claim& claim, const Now& now);
  std::optional<Millis> next_due(const Now& now) const;
  Item cancel(const TaskId& id, const Now& now);
  std::optional<Record> get(const TaskId& id, const Now& now) const;
  Counts counts(const std::string& name) const;
  std::uint64_t trim(const Retention& r, const Now& now);

 private:
  using Rank = std::tuple<std::int32_t, int, std::uint64_t, TaskId>;  // lower goes first
  static Rank rank(const TaskId& id, const Task& t) { return {t.record.priority, -t.record.weight, t.arrival, id}; }
  void leave(const TaskId& id, Task& t);
  void wait(const TaskId& id, Task& t, Time due, const Now& now);
  void end(const TaskId& id, Task& t, State as, Millis keep, const Now& now);
  void lease(TaskId id, std::string_view name, Epoch epoch, Claim& claim, const Now& now);

  std::map<TaskId, Task> tasks_;
  std::set<Rank> ready_;
  std::set<std::pair<Time, TaskId>> scheduled_;
  std::map<Epoch, Batch> batches_;
  std::uint64_t arrivals_ = 0, turns_ = 0;
};

// ---- from state to state

// Takes the task out of the index of its state; one step of wait(), end() and lease().
void Queue::leave(const TaskId& id, Task& t) {
  if (t.record.state == State::ready) ready_.erase(rank(id, t));
  if (t.record.state == State::scheduled) scheduled_.erase({t.record.due, id});
  if (t.record.state != State::leased) return;
  auto batch = batches_.find(t.record.epoch);
  std::erase(batch->second.held, id);
  if (batch->second.held.empty()) batches_.erase(batch);
  t.record.begun = t.record.cancel_requested = false;
}

void Queue::wait(const TaskId& id, Task& t, Time due, const Now& now) {
  leave(id, t);
  const bool ready = due <= now.wall;
  t.record.state = ready ? State::ready : State::scheduled;
  t.record.due = ready ? Time{} : due;
  if (ready) ready_.insert(rank(id, t));
  if (!ready) scheduled_.insert({due, id});
}

// Without a time to keep its content a task becomes a tombstone: id, epoch, state and time of the end.
void Queue::end(const TaskId& id, Task& t, State as, Millis keep, const Now& now) {
  leave(id, t);
  if (keep == Millis(0)) t.record = Record{.epoch = t.record.epoch, .tombstone = true};
  t.record.state = as, t.record.due = {}, t.record.ended = now.wall;
  t.turn = ++turns_, t.since = now.boot, t.keep = keep;
}

void Queue::lease(TaskId id, std::string_view name, Epoch epoch, Claim& claim, const Now& now) {
  Task& t = tasks_.at(id);
  Record& r = t.record;
  const bool lapsed = r.state == State::leased, had_begun = r.begun;
  const bool begin = !lapsed && r.crashes == 0 && claim.begin > 0;
  if (begin) --claim.begin;
  if (lapsed) batches_[r.epoch].taken.push_back(id);
  leave(id, t);
  r.state = State::leased, r.epoch = epoch, r.begun = begin, r.due = {};
  Batch& batch = batches_[epoch];
  batch.until = later(now.boot, claim.lease);
  batch.held.push_back(id);
  claim.leased.push_back({.queue = std::string(name),
                          .kind = r.kind,
                          .body = r.body,
                          .note = r.note,
                          .id = id,
                          .epoch = epoch,
                          .priority = r.priority,
                          .weight = r.weight,
                          .failures = r.failures,
                          .crashes = r.crashes,
                          .lapsed = lapsed,
                          .begun = lapsed ? had_begun : begin});
}

// ---- what callers ask for

Admission Queue::admit(const NewTask& n, const Now& now) {
  if (auto known = tasks_.find(n.key.id); known != tasks_.end()) {
    const Record& r = known->second.record;
    const bool same = r.tombstone || (r.kind == n.kind && r.body == n.body);
    return {same ? Item::exists : Item::conflict, n.key.id};
  }
  Task& t = tasks_[n.key.id];
  t.record.state = State::held;  // in no index yet
  t.record.kind = n.kind, t.record.body = n.body, t.record.priority = n.priority, t.record.weight = n.weight;
  t.record.enqueued = now.wall, t.arrival = ++arrivals_;
  wait(n.key.id, t, n.due ? *n.due : later(now.wall, n.delay), now);
  return {Item::ok, n.key.id};
}

// The answer to words that come again, or too late: the table in backend.hpp.
Item answer_late(const Record& r, const Settlement& s) {
  if (s.epoch == 0 || r.epoch != s.epoch || r.state == State::leased || s.to == State::leased) return Item::lease_lost;
  if (ended(s.to)) return r.state == s.to ? Item::ok : Item::lease_lost;
  if (r.state == State::cancelled) return Item::requested;
  return ended(r.state) ? Item::lease_lost : Item::ok;
}

Item Queue::settle(const Settlement& s, const Now& now) {
  auto known = tasks_.find(s.key.id);
  if (known == tasks_.end()) return Item::not_found;
  Task& t = known->second;
  Record& r = t.record;
  if (r.state != State::leased || r.epoch != s.epoch) return answer_late(r, s);
  if (!s.note.empty()) r.note = s.note;
  if (s.to != State::leased || !r.begun) {
    r.failures += s.charge == Charge::failure, r.crashes += s.charge == Charge::crash;
  }
  if (s.to == State::leased) {
    r.begun = true;
    return Item::ok;
  }
  if (ended(s.to)) {
    end(s.key.id, t, s.to, s.keep, now);
    return Item::ok;
  }
  if (r.cancel_requested) {
    end(s.key.id, t, State::cancelled, kKeepForever, now);
    return Item::requested;
  }
  wait(s.key.id, t, later(now.wall, s.delay), now);
  return Item::ok;
}

Extended Queue::extend(Epoch epoch, Millis until) {
  auto at = batches_.find(epoch);
  if (at == batches_.end()) return {Item::lease_lost, {}};
  Batch& batch = at->second;
  batch.until = until;
  Extended out{Item::ok, batch.taken};
  for (const TaskId& id : batch.held) {
    if (tasks_.at(id).record.cancel_requested) out.stop.push_back(id);
  }
  return out;
}

void Queue::claim(std::string_view name, std::uint32_t most, Epoch epoch, Claim& claim, const Now& now) {
  for (int n = 0; n < 1000 && !scheduled_.empty() && scheduled_.begin()->first <= now.wall; ++n) {
    const TaskId id = scheduled_.begin()->second;
    wait(id, tasks_.at(id), now.wall, now);
  }
  const std::size_t full = std::min<std::size_t>(claim.leased.size() + most, claim.limit);
  // First what lapsed leases leave, oldest first; a new batch is never among them.
  while (claim.leased.size() < full) {
    auto lapsed = std::ranges::find_if(batches_, [&](const auto& b) { return b.second.until <= now.boot; });
    if (lapsed == batches_.end() || lapsed->first == epoch) break;
    const TaskId id = lapsed->second.held.front();
    Task& t = tasks_.at(id);
    if (t.record.cancel_requested) {
      lapsed->second.taken.push_back(id);
      end(id, t, State::cancelled, kKeepForever, now);
    } else {
      lease(id, name, epoch, claim, now);
    }
  }
  while (claim.leased.size() < full && !ready_.empty())
    lease(std::get<TaskId>(*ready_.begin()), name, epoch, claim, now);
}

std::optional<Millis> Queue::next_due(const Now& now) const {
  std::optional<Millis> next;
  auto at = [&](Millis when) { next = std::max(Millis(0), next ? std::min(*next, when) : when); };
  if (!ready_.empty()) at(Millis(0));
  if (!scheduled_.empty()) at(scheduled_.begin()->first - now.wall);
  for (const auto& [epoch, batch] : batches_) at(batch.until - now.boot);
  return next;
}

Item Queue::cancel(const TaskId& id, const Now& now) {
  auto known = tasks_.find(id);
  if (known == tasks_.end()) return Item::not_found;
  Record& r = known->second.record;
  if (ended(r.state)) return Item::finished;
  if (r.state == State::leased) {
    r.cancel_requested = true;
    return Item::requested;
  }
  end(id, known->second, State::cancelled, kKeepForever, now);
  return Item::ok;
}

std::optional<Record> Queue::get(const TaskId& id, const Now& now) const {
  auto known = tasks_.find(id);
  if (known == tasks_.end()) return std::nullopt;
  Record r = known->second.record;
  if (r.state == State::scheduled && r.due <= now.wall) r.state = State::ready, r.due = {};
  return r;
}

Counts Queue::counts(const std::string& name) const {
  Counts out{.queue = name};
  for (const auto& [id, t] : tasks_) {  // a real store keeps these figures: this call may cost O(queues)
    if (t.record.tombstone) continue;
    ++out.by_state[static_cast<std::size_t>(t.record.state)];
    if (ended(t.record.state)) out.bytes_ended += t.record.body.size() + t.record.note.size();
  }
  return out;
}

std::uint64_t Queue::trim(const Retention& r, const Now& now) {
  std::map<std::uint64_t, Task*> kept;  // by their ends; a real store has an index of them
  std::uint64_t bytes = 0, done = 0;
  for (auto& [id, t] : tasks_) {
    if (t.record.tombstone || t.record.state != r.state) continue;
    kept.emplace(t.turn, &t);
    bytes += t.record.body.size() + t.record.note.size();
  }
  std::uint64_t left = kept.size();
  for (auto& [turn, t] : kept) {
    if (done == r.at_most) break;
    const Millis age = now.boot - t->since;
    if (left <= r.count && bytes <= r.bytes && age < r.age && age < t->keep) continue;
    --left, ++done, bytes -= t->record.body.size() + t->record.note.size();
    t->record = Record{.state = t->record.state, .epoch = t->record.epoch, .tombstone = true, .ended = t->record.ended};
  }
  std::erase_if(tasks_, [&](const auto& known) {
    return known.second.record.tombstone && now.boot - known.second.since > kRemembersIds;
  });
  return done;
}

// ---- the plugin: one lock around the queues, and the rules about the form of a call

class MemoryBackend final : public DurableBackend {
 public:
  MemoryBackend(TimeSource* time, std::uint64_t max_body) : time_(time), max_body_(max_body) {}

  static Result<std::unique_ptr<DurableBackend>> open(Host& host, const Settings& settings) {
    auto* time = static_cast<TimeSource*>(host.query(TimeSource::kId));  // the host's clock, if it lends one
    return std::unique_ptr<DurableBackend>(
        std::make_unique<MemoryBackend>(time, static_cast<std::uint64_t>(settings.integer("max_body"))));
  }

  Properties properties() const noexcept override {
    return {.features = kStrictOrder, .max_batch = kMaxBatch, .max_body = max_body_, .remembers_ids = kRemembersIds};
  }

  Result<Exchanged> exchange(const Exchange& x) noexcept override {
    return guard([&]() -> Result<Exchanged> {
      if (auto wrong = fault(x)) return *wrong;
      const std::scoped_lock lock(mutex_);
      const Now now = read_clocks(time_);
      Exchanged out;
      for (const Settlement& s : x.settle) out.settled.push_back(settle(s, now));
      for (const Held& h : x.extend) {
        Queue* queue = find(h.queue);
        out.extended.push_back(queue ? queue->extend(h.epoch, later(now.boot, x.lease))
                                     : Extended{Item::lease_lost, {}});
      }
      out.leased = claim(x, now, out.next_due);
      return out;
    });
  }

  Result<std::vector<Admission>> enqueue(std::span<const NewTask> tasks, const Guard* guarded) noexcept override {
    return guard([&]() -> Result<std::vector<Admission>> {
      if (tasks.size() > kMaxBatch) return Error{Errc::invalid, "at most 256 tasks in one call"};
      if (guarded || std::ranges::any_of(tasks, uses_a_feature)) {
        return Error{Errc::unsupported,
                     "this backend has no unique keys, fair keys, gates, limits, dependencies or guards"};
      }
      const std::scoped_lock lock(mutex_);
      const Now now = read_clocks(time_);
      std::vector<Admission> out;
      for (const NewTask& t : tasks) {
        const bool valid = valid_name(t.key.queue) && valid_name(t.kind) && t.weight != 0 && t.delay >= Millis(0) &&
                           t.body.size() <= max_body_;
        out.push_back(valid ? queues_[std::string(t.key.queue)].admit(t, now) : Admission{Item::invalid, t.key.id});
      }
      return out;
    });
  }

  Result<std::vector<Item>> cancel(std::span<const TaskKey> keys) noexcept override {
    return each<Item>(keys, [](const TaskKey& key, Queue* queue, const Now& now) {
      if (!valid_name(key.queue)) return Item::invalid;
      return queue ? queue->cancel(key.id, now) : Item::not_found;
    });
  }
  Result<std::vector<std::optional<Record>>> get(std::span<const TaskKey> keys) noexcept override {
    return each<std::optional<Record>>(keys, [](const TaskKey& key, Queue* queue, const Now& now) {
      return queue ? queue->get(key.id, now) : std::nullopt;
    });
  }

  Result<std::vector<Counts>> counts() noexcept override {
    return guard([&]() -> Result<std::vector<Counts>> {
      const std::scoped_lock lock(mutex_);
      std::vector<Counts> out;
      for (const auto& [name, queue] : queues_) out.push_back(queue.counts(name));
      return out;
    });
  }
  Result<std::uint64_t> trim(const Retention& r) noexcept override {
    return guard([&]() -> Result<std::uint64_t> {
      if (!ended(r.state) || r.state > State::cancelled) return Error{Errc::invalid, "only ended tasks can be let go"};
      if (r.age < Millis(0)) return Error{Errc::invalid, "an age that is negative"};
      const std::scoped_lock lock(mutex_);
      Queue* queue = find(r.queue);
      return queue ? queue->trim(r, read_clocks(time_)) : 0;
    });
  }

 private:
  static bool uses_a_feature(const NewTask& t) {
    return !t.unique.empty() || !t.fair.empty() || !t.gates.empty() || !t.after.empty() || t.queue_limit != 0;
  }

  static std::optional<Error> fault(const Exchange& x) {
    if (std::max({x.settle.size(), x.extend.size(), x.claim.size()}) > kMaxBatch) {
      return Error{Errc::invalid, "at most 256 items of a sort in one call"};
    }
    if (!(x.claim.empty() && x.extend.empty()) && x.lease < Millis(1))
      return Error{Errc::invalid, "a lease below 1 ms"};
    for (const Settlement& s : x.settle) {
      if (!s.children.empty()) return Error{Errc::unsupported, "this backend takes no children"};
    }
    std::set<std::string_view> names;
    for (const Share& s : x.claim) {
      if (!names.insert(s.queue).second) return Error{Errc::invalid, "queue named twice: " + std::string(s.queue)};
    }
    return std::nullopt;
  }

  Queue* find(std::string_view name) {
    auto at = queues_.find(name);
    return at == queues_.end() ? nullptr : &at->second;
  }

  Item settle(const Settlement& s, const Now& now) {
    const bool verb = s.to == State::leased || s.to == State::ready || (ended(s.to) && s.to <= State::cancelled);
    if (!valid_name(s.key.queue) || !verb || s.delay < Millis(0) || s.keep < Millis(0) || s.note.size() > max_body_)
      return Item::invalid;
    Queue* queue = find(s.key.queue);
    return queue ? queue->settle(s, now) : Item::not_found;
  }

  // Each share up to its quota, in order; then, if there is room, again without.
  std::vector<Leased> claim(const Exchange& x, const Now& now, std::optional<Millis>& next_due) {
    Claim claim{.limit = x.limit, .begin = x.begin, .lease = x.lease};
    std::vector<Epoch> epochs;
    for (const Share& s : x.claim) {
      epochs.push_back(++epochs_);  // never used again, whether or not something is claimed under it
      if (Queue* queue = find(s.queue)) queue->claim(s.queue, s.quota, epochs.back(), claim, now);
    }
    for (std::size_t i = 0; i < x.claim.size(); ++i) {
      if (Queue* queue = find(x.claim[i].queue)) queue->claim(x.claim[i].queue, x.limit, epochs[i], claim, now);
    }
    for (const Share& s : x.claim) {
      Queue* queue = find(s.queue);
      const auto due = queue ? queue->next_due(now) : std::nullopt;
      if (due) next_due = next_due ? std::min(*next_due, *due) : *due;
    }
    return std::move(claim.leased);
  }

  template <class Answer, class Ask>
  Result<std::vector<Answer>> each(std::span<const TaskKey> keys, Ask ask) noexcept {
    return guard([&]() -> Result<std::vector<Answer>> {
      if (keys.size() > kMaxBatch) return Error{Errc::invalid, "at most 256 keys in one call"};
      const std::scoped_lock lock(mutex_);
      const Now now = read_clocks(time_);
      std::vector<Answer> out;
      for (const TaskKey& key : keys) out.push_back(ask(key, find(key.queue), now));
      return out;
    });
  }

  TimeSource* time_;
  std::uint64_t max_body_;
  std::mutex mutex_;
  std::map<std::string, Queue, std::less<>> queues_;
  Epoch epochs_ = 0;
};

}  // namespace

PENSTOCK_PLUGIN(acme, "0.1.0", "MIT",
                component<DurableBackend, MemoryBackend>("acme", "Tasks in this process's memory.", kSettings));
