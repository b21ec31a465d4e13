// Looking at tasks, waiting for them, cancelling them.
#include <algorithm>

#include "base/counted.hpp"
#include "base/later.hpp"
#include "durable/envelope.hpp"
#include "manager/answers.hpp"
#include "manager/impl.hpp"

namespace penstock::impl {
namespace {

constexpr Millis kFirstLook{2}, kLastLook{500};  // between looks at a store that has no bell
constexpr Millis kLongestWait{1'000};            // on the bell: then look again, whatever it says

Status status_of(const Record& r, const durable::Note& note) {
  switch (r.state) {
    case State::held:
      return Status::scheduled;
    case State::scheduled:
      return r.failures > 0 ? Status::retrying : Status::scheduled;
    case State::ready:
      return Status::queued;
    case State::leased:
      return Status::running;
    case State::succeeded:
      return Status::succeeded;
    case State::dead:
      return note.timed_out ? Status::timed_out : Status::failed;
    case State::cancelled:
      return Status::cancelled;
  }
  return Status::queued;
}

TaskInfo info_of(const TaskRef& ref, Record record, durable::Note note) {
  TaskInfo info;
  info.ref = ref;
  info.durable = true;
  info.status = status_of(record, note);
  info.kind = std::move(record.kind);
  info.failures = record.failures;
  info.crashes = record.crashes;
  info.epoch = record.epoch;
  info.priority = record.priority;
  info.error = std::move(note.error);
  info.fingerprint = note.fingerprint;
  info.progress = note.progress;
  info.progress_text = std::move(note.progress_text);
  info.cancel_requested = record.cancel_requested;
  info.enqueued = record.enqueued;
  info.due = record.due;
  info.ended = record.ended;
  info.result = std::move(note.result);
  info.result_codec = std::move(note.result_codec);
  return info;
}

}  // namespace

std::optional<TaskInfo> Manager::local_info(const TaskRef& ref) {
  Aftermath after;
  auto state = state_.lock();
  take_back_all(*state, after);
  std::optional<TaskInfo> info = local_info(*state, ref);
  state.unlock();
  tell(after);
  return info;
}

std::optional<TaskInfo> Manager::local_info(ManagerState& state, const TaskRef& ref) {
  LocalTask* task = state.local.find(ref.id);
  if (!task) return std::nullopt;
  auto wall = [this, at = now()](Instant t) {
    return t == Instant{} ? Time{} : clock_.wall() - std::chrono::duration_cast<Millis>(at - t);
  };
  TaskInfo info;
  info.ref = ref_of(state, *task);
  info.kind = task->details ? task->details->name : "";
  info.status = task->status;
  info.failures = task->failures;
  info.priority = task->priority;
  info.error = task->error;
  info.cancel_requested = task->cancel_requested;
  info.enqueued = wall(task->submitted);
  info.due = wall(task->available);
  if (ended(task->status)) info.ended = wall(task->ended);
  return info;
}

std::optional<TaskInfo> Manager::info(const TaskRef& ref) { return std::move(info_many({&ref, 1})[0]); }

std::vector<std::optional<TaskInfo>> Manager::info_many(std::span<const TaskRef> refs) {
  std::vector<std::optional<TaskInfo>> out(refs.size());
  std::vector<TaskKey> keys;
  std::vector<std::size_t> places;
  auto look = [&] {
    if (keys.empty()) return;
    auto records = value_or_throw(whole(backend_->get(keys), keys.size(), "get"));
    for (std::size_t k = 0; k < keys.size(); ++k) {
      if (!records[k]) continue;
      durable::Note note = durable::decode_note(records[k]->note);
      std::vector<std::string> transforms = std::move(note.result_transforms);
      TaskInfo info = info_of(refs[places[k]], std::move(*records[k]), std::move(note));
      if (!transforms.empty()) {
        std::vector<std::string_view> names(transforms.begin(), transforms.end());
        info.result = value_or_throw(codecs_.undo(info.result, names, options_.max_payload));
      }
      out[places[k]] = std::move(info);
    }
    keys.clear();
    places.clear();
  };
  for (std::size_t i = 0; i < refs.size(); ++i) {
    if (is_local(refs[i].id)) {
      out[i] = local_info(refs[i]);
      continue;
    }
    keys.push_back(refs[i].key());
    places.push_back(i);
    if (keys.size() == properties_.max_batch) look();
  }
  look();
  return out;
}

EnqueueRequest Manager::request(const TaskRef& ref, const Record& record) {
  const durable::Envelope envelope = value_or_throw(durable::decode_envelope(record.body));
  EnqueueRequest out{.ref = ref, .kind = record.kind, .codec = std::string(envelope.codec)};
  out.payload = envelope.transforms.empty()
                    ? std::string(envelope.payload)
                    : value_or_throw(codecs_.undo(envelope.payload, envelope.transforms, options_.max_payload));
  for (const auto& [key, value] : envelope.metadata) out.metadata.emplace_back(key, value);
  out.priority = record.priority;
  out.weight = record.weight;
  out.keys = {record.unique, record.fair, record.gates};
  return out;
}

std::optional<TaskInfo> Manager::await(const TaskRef& ref, Millis at_most) {
  Instant until = base::later(now(), at_most);
  bool local = is_local(ref.id);
  if (local) {
    auto state = state_.lock();
    auto finished = [&] {
      LocalTask* task = state->local.find(ref.id);
      return !task || ended(task->status);
    };
    {
      const base::Counted awaiting(state, state->awaiting);  // from now on no hand is dealt
      Aftermath after;
      end_dealing(*state, after);
      if (!after.empty()) conclude(state, after);
      while (!finished() && now() < until) wait_until(ended_, state, until);
    }
    if (!finished()) return std::nullopt;
    state.unlock();
    return info(ref);
  }
  Millis look = kFirstLook;
  for (;;) {
    // The bell is read before the task is looked at: what ends in between changes it.
    Result<Exchanged> before = waiter_ ? backend_->exchange(Exchange{.lease = Millis(1)}) : Exchanged{};
    std::optional<TaskInfo> seen = info(ref);
    if (!seen || ended(seen->status)) return seen;
    Instant at = now();
    if (at >= until) return std::nullopt;
    refuse_to_wait();
    Millis left =
        until == Instant::max() ? kLongestWait : std::min(kLongestWait, std::chrono::ceil<Millis>(until - at));
    if (!real_time_) left = std::min(left, Millis(2));
    if (waiter_ && before) {
      value_or_throw(waiter_->wait(before->bell, left));
    } else {
      auto state = state_.lock();
      const base::Counted awaiting(state, state->awaiting);
      wait_until(ended_, state, at + std::min(look, left));
      look = std::min(look * 2, kLastLook);
    }
  }
}

Cancelled Manager::cancel_local(ManagerState& state, const TaskRef& ref, Aftermath& after) {
  LocalTask* task = state.local.find(ref.id);
  if (!task) return Cancelled::not_found;
  if (ended(task->status)) return Cancelled::was_finished;
  task->cancel_requested = true;
  Instant at = now();
  if (Worker* worker = worker_of(state, *task)) {
    ask_to_stop(state, *worker, StopReason::cancel, at, after);
  } else if (state.scheduler.erase(task)) {
    if (task->closure) after.closures.push_back(std::move(task->closure));
    end_local(state, *task, Status::cancelled, {}, at, after);
    return Cancelled::was_waiting;
  }
  return Cancelled::requested;
}

Cancelled Manager::cancel(const TaskRef& ref) {
  if (is_local(ref.id)) {
    Aftermath after;
    auto state = state_.lock();
    take_back_all(*state, after);
    const Cancelled answer = cancel_local(*state, ref, after);
    state.unlock();
    tell(after);
    return answer;
  }
  TaskKey key = ref.key();
  switch (value_or_throw(whole(backend_->cancel({&key, 1}), 1, "cancel"))[0]) {
    case Item::ok:
      return Cancelled::was_waiting;
    case Item::requested:
      return Cancelled::requested;
    case Item::finished:
      return Cancelled::was_finished;
    case Item::unknown:
      throw Exception(
          Error{Errc::unknown_outcome, to_text(ref) + ": the server of its queue could not be reached", true});
    default:
      return Cancelled::not_found;
  }
}

std::vector<Counts> Manager::counts() { return value_or_throw(backend_->counts()); }

Metrics Manager::metrics() {
  Metrics m;
  if (auto* meter = query<Meter>(*backend_)) {
    auto calls = meter->calls();
    if (calls) {
      m.backend_calls = std::move(*calls);
    } else {
      host_->log(Level::warn, "the backend's calls are missing from the metrics: " + calls.error().message);
    }
  }
  auto add = [](Counters& to, const Counters& c) {
    to.scheduled += c.scheduled, to.completed += c.completed, to.failed += c.failed, to.cancelled += c.cancelled;
    to.retried += c.retried, to.snoozed += c.snoozed, to.timed_out += c.timed_out, to.lost += c.lost,
        to.put_off += c.put_off, to.running += c.running;
    for (auto [h, other] : {std::pair(&to.latency, &c.latency), std::pair(&to.wait, &c.wait)}) {
      for (std::size_t i = 0; i < Histogram::kBuckets; ++i) h->buckets[i] += other->buckets[i];
      h->count += other->count;
      h->total += other->total;
      h->max = std::max(h->max, other->max);
    }
  };
  Aftermath after;
  auto state = state_.lock();
  take_back_all(*state, after);
  for (const auto& [queue, record] : state->queues) {
    m.by_queue[queue] = record->counters;
    add(m.total, record->counters);
  }
  for (const auto& [kind, record] : handlers_) {
    if (kind == record->policy.kind) m.by_handler[kind] = record->counters;
  }
  for (const auto& [label, counters] : state->name_counters) add(m.by_handler[label], *counters);
  m.queue_depth = state->scheduler.queued() + state->engine.parked();
  m.results_dropped = hub_.dropped();
  m.stuck_threads = state->stuck;
  m.exchanges = state->exchanges;
  m.exchange_errors = state->engine.errors();
  m.polls = state->polls;
  m.leases_held = state->engine.held();
  if (state->last_exchange != Instant{})
    m.last_exchange_age = std::chrono::duration_cast<Millis>(now() - state->last_exchange);
  state.unlock();
  tell(after);
  return m;
}

}  // namespace penstock::impl
