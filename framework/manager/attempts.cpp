// One attempt, from the worker's side: the handler inside its middleware, and what is made of its outcome.
#include <algorithm>
#include <mutant.hpp>

#include "base/fingerprint.hpp"
#include "base/later.hpp"
#include "durable/envelope.hpp"
#include "execution/chain.hpp"
#include "manager/answers.hpp"
#include "manager/attempted.hpp"
#include "manager/impl.hpp"
#include "manager/names.hpp"

namespace penstock::impl {
namespace {

constexpr std::size_t kMaxChildren = 64;
constexpr std::size_t kMaxProgressText = 1 << 10;

// At most `limit` octets, and no part of a character at the end.
std::string clipped(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  text.resize(limit);
  return text;
}

constexpr std::size_t kMaxResultNames = 1 << 10;  // what a note holds beside a result: names of codecs

// What a typed handler returns for a payload whose value codec is not here.
bool waits_for_codec(const Outcome& outcome) {
  return outcome.verb == Outcome::Verb::snooze && !outcome.delay && !outcome.reason.empty();
}

// The n-th child of a task has an id that follows from its parent's: made again, it is the same.
TaskId child_id(const TaskId& parent, std::uint64_t n) {
  TaskId id;
  std::uint64_t low = base::fingerprint({reinterpret_cast<const char*>(parent.bytes.data()), 16}, {});
  base::Random high(low ^ (n + 1) * 0x9e3779b97f4a7c15);
  for (std::size_t half = 0; half < 2; ++half) {
    std::uint64_t bits = high.next();
    for (std::size_t i = 0; i < 8; ++i) id.bytes[half * 8 + i] = static_cast<unsigned char>(bits >> (8 * i));
  }
  std::copy_n(parent.bytes.begin(), 6, id.bytes.begin());  // the parent's time: index neighbours
  id.bytes[6] = static_cast<unsigned char>(0x80 | (id.bytes[6] & 0x0f));
  id.bytes[8] = static_cast<unsigned char>(0x80 | (id.bytes[8] & 0x3f));
  return id;
}

}  // namespace

// What an attempt may ask for while it runs.
class Services final : public execution::AttemptServices {
 public:
  Services(Manager& manager, durable::Task* task) : manager_(manager), task_(task) {}

  void attempt_progress(double fraction, std::string_view text) noexcept override {
    if (!task_ || !(fraction >= 0)) return;
    Instant now = manager_.now();
    auto state = manager_.state_.lock();
    if (now < next_progress_ || task_->phase != durable::Task::Phase::running) return;
    next_progress_ = now + std::chrono::seconds(1);
    durable::Note note = durable::decode_note(task_->leased.note);
    note.progress = std::min(fraction, 1.0);
    note.progress_text = clipped(std::string(text.substr(0, kMaxProgressText + 1)), kMaxProgressText);
    state->engine.mark_progress(*task_, durable::encode(note), now);
    manager_.pump_cv_.notify_one();
  }

  void attempt_log(const TaskView& task, Level level, std::string_view message) noexcept override {
    std::string line = std::string(task.kind) + " " + std::string(task.queue) + "/" + to_text(task.id) + " attempt " +
                       std::to_string(task.attempt) + ": " + std::string(message);
    manager_.host_->log(level, line);
  }

  Result<void> attempt_child(const Policy& policy, std::string payload, std::string_view codec,
                             FlowKeys keys) noexcept override {
    return guard([&]() -> Result<void> {
      if (!task_) return Error{Errc::invalid, "an in-memory task has no durable children"};
      if (children.size() >= kMaxChildren) {
        return Error{Errc::resource_exhausted,
                     "a task may add " + std::to_string(kMaxChildren) + " children in an attempt"};
      }
      durable::Child child;
      if (auto error = wrong_name("a kind", policy.kind)) return *error;
      if (!policy.queue.empty()) {
        if (auto error = wrong_name("a queue name", policy.queue)) return *error;
      }
      if (policy.weight == 0) return Error{Errc::invalid, "a task's weight is 1 to 65535"};
      if (payload.size() > manager_.options_.max_payload) {
        return Error{Errc::resource_exhausted, "payload of " + std::to_string(payload.size()) +
                                                   " octets; the limit is " +
                                                   std::to_string(manager_.options_.max_payload)};
      }
      child.queue = policy.queue.empty() ? task_->leased.queue : std::string(policy.queue);
      child.kind = policy.kind;
      const Epoch own = mutant("manager.child.new_id") ? task_->leased.epoch : 0;
      child.id = child_id(task_->leased.id, children.size() + own);
      child.priority = policy.priority;
      child.weight = policy.weight;
      child.keys = std::move(keys);
      child.unique_while = policy.unique_while.value_or(Unique::live);
      child.unique_for = policy.unique_for.value_or(Millis(0));
      child.replace = policy.if_taken == IfTaken::replace;
      durable::Envelope envelope;
      if (!traceparent.empty()) envelope.metadata.emplace_back("traceparent", traceparent);
      Result<std::string> bytes = manager_.codecs_.apply(std::move(payload), envelope.transforms);
      if (!bytes) return bytes.error();
      envelope.version = policy.version;
      envelope.codec = codec;
      envelope.payload = *bytes;
      encode(envelope, child.body);
      children.push_back(std::move(child));
      return {};
    });
  }

  ValueCodec* attempt_codec(std::string_view name) noexcept override { return manager_.codecs_.value_codec(name); }

  std::vector<durable::Child> children;
  std::string traceparent;  // for them: of the attempt's own span

 private:
  Manager& manager_;
  durable::Task* task_;  // null: an in-memory task
  Instant next_progress_{};
};

void Manager::set_deadline(Run& run, Instant at) {
  // A stop that was asked for meanwhile has set its own.
  Instant::rep none = Instant::max().time_since_epoch().count();
  if (!run.deadline.compare_exchange_strong(none, at.time_since_epoch().count())) return;
  if (at.time_since_epoch().count() < watchdog_at_.load()) poke_watchdog();
}

std::uint64_t Manager::start_span(const TaskView& task, std::string_view parent) {
  if (!tracer_) return 0;
  const std::string id = to_text(task.id);
  return tracer_->start({"attempt", task.kind, task.queue, id, task.attempt, parent});
}

Outcome Manager::attempt_local(Worker& self, LocalTask& task) {
  Millis timeout = task.details && task.details->timeout ? *task.details->timeout : options_.timeout;
  Instant deadline = timeout > Millis(0) ? base::later(self.run.started, timeout) : Instant::max();
  self.run.ready.store(true, std::memory_order_release);
  if (deadline != Instant::max()) set_deadline(self.run, deadline);
  TaskView view;
  view.queue = task.lane->name;
  if (task.details) view.kind = task.details->name;
  view.id = self.run.id;
  view.attempt = task.failures + 1;
  view.priority = task.priority;
  Services services(*this, nullptr);
  execution::Attempt ctx(view, {}, {}, self.stop, self.stop_shared, deadline, services);
  if (hooked(Aftermath::Event::What::start)) {
    fire(hooks(), Aftermath::Event::What::start,
         {.key = {view.queue, view.id},
          .kind = view.kind,
          .attempt = view.attempt,
          .status = Status::running,
          .waited = self.run.started - task.available});
  }
  const std::uint64_t span = start_span(view, {});
  Outcome outcome = execution::run_chain(middleware_, ctx, [&](Context& c) { return task.closure(c); });
  if (tracer_) tracer_->end(span, {name(outcome.verb), outcome.reason});
  if (outcome.verb == Outcome::Verb::done) task.closure.reset();  // user code: not under the lock
  return outcome;
}

// What its enqueue said of it, then its handler's policy, then the options.
Manager::Treatment Manager::treatment(const durable::Task& task, const durable::Envelope& envelope) const {
  const Policy& policy = static_cast<const HandlerRecord*>(task.handler)->policy;
  auto first = [](auto a, auto b, auto fallback) { return a ? *a : b ? *b : fallback; };
  Treatment t;
  t.retry.retries = first(envelope.retries, policy.retries, options_.retry.retries);
  t.retry.backoff = first(envelope.backoff, policy.backoff, options_.retry.backoff);
  t.retry.cap = first(envelope.backoff_cap, policy.backoff_cap, options_.retry.cap);
  t.retry.jitter = first(envelope.jitter, policy.jitter, options_.retry.jitter);
  t.timeout = first(envelope.timeout, policy.timeout, options_.timeout);
  t.keep_asked = envelope.keep_result || policy.keep_result;
  t.keep_result = first(envelope.keep_result, policy.keep_result, options_.result_age);
  return t;
}

Manager::Attempted Manager::attempt_durable(Worker& self, durable::Task& task) {
  auto& record = *static_cast<HandlerRecord*>(task.handler);
  Attempted out;
  Result<durable::Envelope> envelope = durable::decode_envelope(task.leased.body);
  if (!envelope) {
    out.treatment = treatment(task, {});
    out.outcome = retry(envelope.error().message);
    return out;
  }
  out.treatment = treatment(task, *envelope);
  self.run.ready.store(true, std::memory_order_release);
  Millis timeout = out.treatment.timeout;
  Instant deadline = timeout > Millis(0) ? base::later(self.run.started, timeout) : Instant::max();
  if (deadline != Instant::max()) set_deadline(self.run, deadline);

  std::string plain;
  std::string_view payload = envelope->payload;
  if (!envelope->transforms.empty()) {
    out.lacks = codecs_.missing(envelope->transforms);
    if (!out.lacks.empty()) return out;
    Result<std::string> undone = codecs_.undo(payload, envelope->transforms, options_.max_payload);
    if (!undone) {
      out.outcome = retry("payload: " + undone.error().message);
      return out;
    }
    plain = std::move(*undone);
    payload = plain;
  }
  TaskView view;
  view.queue = task.leased.queue;
  view.kind = task.leased.kind;
  view.id = task.leased.id;
  view.durable = true;
  view.crashes = task.leased.crashes;
  view.attempt = task.leased.failures + task.leased.crashes + 1;
  view.epoch = task.leased.epoch;
  view.priority = task.leased.priority;
  view.version = envelope->version;
  view.codec = envelope->codec;
  Services services(*this, &task);
  execution::Attempt ctx(view, payload, envelope->metadata, self.stop, self.stop_shared, deadline, services);
  if (hooked(Aftermath::Event::What::start)) {
    fire(hooks(), Aftermath::Event::What::start,
         {.key = {view.queue, view.id},
          .kind = view.kind,
          .durable = true,
          .attempt = view.attempt,
          .status = Status::running,
          .waited = self.run.started - task.available});
  }
  const std::uint64_t span = start_span(view, ctx.metadata("traceparent"));
  if (tracer_) services.traceparent = tracer_->inject(span);
  // Middleware may run the handler again: what it added the first time does not count then.
  std::optional<std::size_t> before;
  out.outcome = execution::run_chain(middleware_, ctx, [&](Context& c) {
    if (!before) before = services.children.size();
    services.children.erase(services.children.begin() + static_cast<std::ptrdiff_t>(*before), services.children.end());
    return record.handler->run(c);
  });
  if (waits_for_codec(out.outcome) && !codecs_.value_codec(view.codec)) out.lacks = view.codec;
  if (out.outcome.verb == Outcome::Verb::done) {
    out.children = std::move(services.children);
    seal(task, out);
  }
  if (out.outcome.hold_queue && out.outcome.delay && gates_) {
    if (auto held = gates_->hold(view.queue, {}, std::max(*out.outcome.delay, Millis(0))); !held) {
      host_->log(Level::warn, "queue " + task.leased.queue + " was not held back: " + held.error().message);
    }
  }
  if (tracer_) tracer_->end(span, {name(out.outcome.verb), out.outcome.reason});
  return out;
}

// Gives a successful attempt's result and children their stored form. What cannot be stored is a failure.
void Manager::seal(durable::Task& task, Attempted& out) {
  if (out.outcome.result) {
    auto too_large = [&out](std::uint64_t limit) {
      if (out.result.size() <= limit) return false;
      out.outcome =
          fail("result: " + std::to_string(out.result.size()) + " octets; the limit is " + std::to_string(limit));
      return true;
    };
    Result<bool> encoded = out.outcome.result->encode(codecs_.value_codec({}), out.result_codec, out.result);
    if (encoded && too_large(options_.max_payload)) return;  // whatever becomes of it once it is transformed
    if (encoded && *encoded && codecs_.transforms()) {
      std::vector<std::string_view> names;
      Result<std::string> applied = codecs_.apply(std::move(out.result), names);
      if (applied) {
        out.result = std::move(*applied);
        out.result_transforms.assign(names.begin(), names.end());
      } else {
        encoded = applied.error();
      }
    }
    if (!encoded) {
      out.outcome = retry("result: " + encoded.error().message);
      return;
    }
    out.has_result = *encoded;
    const std::uint64_t room = properties_.max_body - std::min<std::uint64_t>(properties_.max_body, kMaxResultNames);
    if (too_large(room)) return;
  }
  // Children in other queues cannot go in the same step: they are sent before, under ids that a
  // repeated attempt makes again.
  std::vector<NewTask> elsewhere;
  bool together = properties_.features & kChildren;
  for (durable::Child& c : out.children) {
    if (!together || c.queue != task.leased.queue) elsewhere.push_back(c.task());
  }
  if (elsewhere.empty()) return;
  Result<std::vector<Admission>> sent = send_to(*backend_, elsewhere);
  if (!sent) {
    out.outcome = retry("children: " + sent.error().message);
    return;
  }
  if (std::ranges::any_of(*sent, [](const Admission& a) { return a.what == Item::unknown; })) {
    out.outcome = retry("children: the server of their queue could not be reached");
    return;
  }
  std::erase_if(out.children, [&](const durable::Child& c) { return !together || c.queue != task.leased.queue; });
}

void Manager::count_returned(ManagerState& state, Runnable& task, Counters* own, std::chrono::nanoseconds ran) {
  auto count = [ran](Counters& c) { --c.running, c.latency.add(ran); };
  count(counters_of(state, *task.lane));
  if (own) count(*own);
}

void Manager::returned(ManagerState& state, Worker& self, durable::Task& task, Attempted attempted, Instant at,
                       Aftermath& after) {
  count_returned(state, task, &static_cast<HandlerRecord*>(task.handler)->counters, attempted.ran);
  state.engine.ran(attempted.ran);
  if (!self.abandoned && !task.lost) finish_durable(state, task, attempted, self.run.stop, at, after);
  state.engine.handler_returned(task);
}

void Manager::returned(ManagerState& state, Worker& self, LocalTask& task, Outcome outcome,
                       std::chrono::nanoseconds ran, Instant at, Aftermath& after) {
  count_returned(state, task, task.details ? static_cast<Counters*>(task.details->handler_stats) : nullptr, ran);
  note_length(state, ran);
  if (self.abandoned) {
    if (task.closure) after.closures.push_back(std::move(task.closure));
    state.local.unpin(task);
  } else {
    finish_local(state, task, std::move(outcome), self.run.stop, ran, at, after);
  }
}

namespace {

// The runtime's own view of an attempt that it had asked to stop. A success counts as one: the work is done.
void override_verb(Outcome& outcome, StopReason stop, Millis timeout) {
  if (outcome.verb > Outcome::Verb::cancelled) outcome = retry("returned an outcome that does not exist");
  if (outcome.verb == Outcome::Verb::done || outcome.verb == Outcome::Verb::discard) return;
  if (stop == StopReason::cancel) {
    outcome = {Outcome::Verb::cancelled, "cancelled while running", {}, nullptr};
  } else if (stop == StopReason::timeout && outcome.verb == Outcome::Verb::retry) {
    outcome.verb = Outcome::Verb::timed_out;
    std::string said = outcome.reason.empty() ? "" : "; the handler said: " + outcome.reason;
    outcome.reason = "timed out after " + std::to_string(timeout.count()) + " ms" + said;
  }
}

bool failure(Outcome::Verb verb) { return verb == Outcome::Verb::retry || verb == Outcome::Verb::timed_out; }

}  // namespace

RetryPolicy Manager::retry_policy(const std::optional<std::uint32_t>& retries, const std::optional<Millis>& backoff,
                                  const std::optional<Millis>& cap, const std::optional<bool>& jitter) const {
  RetryPolicy out = options_.retry;
  out.retries = retries.value_or(out.retries);
  out.backoff = backoff.value_or(out.backoff);
  out.cap = cap.value_or(out.cap);
  out.jitter = jitter.value_or(out.jitter);
  return out;
}

void Manager::finish_local(ManagerState& state, LocalTask& task, Outcome outcome, StopReason stop,
                           std::chrono::nanoseconds ran, Instant at, Aftermath& after) {
  const results::LocalDetails* details = task.details.get();
  override_verb(outcome, stop, details && details->timeout ? *details->timeout : options_.timeout);
  Counters& queue = counters_of(state, *task.lane);
  if (outcome.verb == Outcome::Verb::timed_out) ++queue.timed_out;
  if (outcome.verb == Outcome::Verb::done) {
    task.result = std::move(outcome.result);
    return end_local(state, task, Status::succeeded, ran, at, after);
  }
  task.error = clipped(std::move(outcome.reason), durable::kMaxError);
  bool cancelled = outcome.verb == Outcome::Verb::discard || outcome.verb == Outcome::Verb::cancelled;
  RetryPolicy policy =
      retry_policy(details ? details->retries : std::nullopt, details ? details->backoff : std::nullopt, {}, {});
  bool again = outcome.verb == Outcome::Verb::snooze;
  if (failure(outcome.verb)) again = ++task.failures <= policy.retries;
  if (again && !state.stopping) {
    Millis delay =
        outcome.delay ? std::max(*outcome.delay, Millis(0)) : retry_delay(policy, task.failures, state.random.next());
    bool snoozed = outcome.verb == Outcome::Verb::snooze;
    task.status = snoozed ? Status::scheduled : Status::retrying;
    ++(snoozed ? queue.snoozed : queue.retried);
    task.available = base::later(at, delay);
    state.scheduler.push(&task, task.available, at);
    if (telling(Aftermath::Event::What::retry)) {
      after.events.push_back({Aftermath::Event::What::retry, ref_of(state, task), details ? details->name : "",
                              task.error, false, task.failures + snoozed, task.status, delay, ran, nullptr});
    }
    return;
  }
  if (task.closure) after.closures.push_back(std::move(task.closure));
  Status status = cancelled || again                         ? Status::cancelled
                  : outcome.verb == Outcome::Verb::timed_out ? Status::timed_out
                                                             : Status::failed;
  end_local(state, task, status, ran, at, after);
}

void Manager::end_local(ManagerState& state, LocalTask& task, Status status, std::chrono::nanoseconds ran, Instant at,
                        Aftermath& after) {
  task.status = status;
  auto count = [status](Counters& c) {
    ++(status == Status::succeeded ? c.completed : status == Status::cancelled ? c.cancelled : c.failed);
  };
  count(counters_of(state, *task.lane));
  if (task.details && task.details->handler_stats) count(*static_cast<Counters*>(task.details->handler_stats));
  if (telling(Aftermath::Event::What::finish)) {
    // The result stays in the registry, for its ticket; listeners learn that there is one by the status.
    after.events.push_back({Aftermath::Event::What::finish,
                            ref_of(state, task),
                            task.details ? task.details->name : "",
                            task.error,
                            false,
                            task.failures + 1,
                            status,
                            {},
                            ran,
                            nullptr});
  }
  state.local.ended(task, at, after.garbage);
  if (state.awaiting > 0) after.ended = true;
}

void Manager::finish_durable(ManagerState& state, durable::Task& task, Attempted& attempted, StopReason stop,
                             Instant at, Aftermath& after) {
  Outcome& outcome = attempted.outcome;
  if (!attempted.lacks.empty()) {
    outcome =
        snooze(pause_without(state, "codec \"" + attempted.lacks + "\" here (name it in [codec] use, or in also)"));
  }
  override_verb(outcome, stop, attempted.treatment.timeout);
  if (outcome.verb == Outcome::Verb::timed_out) ++counters_of(state, *task.lane).timed_out;
  task.ran = attempted.ran;
  task.error = clipped(std::move(outcome.reason), std::min<std::size_t>(durable::kMaxError, properties_.max_body / 4));
  task.final_timeout = false;
  task.charge = Charge::none;
  task.delay = Millis(0);
  task.keep = kKeepForever;
  durable::Note note;
  if (outcome.verb != Outcome::Verb::done) {
    note = durable::decode_note(task.leased.note);
    if (outcome.verb != Outcome::Verb::snooze) {
      note.error = task.error;
      note.fingerprint = base::fingerprint(task.leased.kind, task.error);
      note.timed_out = outcome.verb == Outcome::Verb::timed_out;
    }
  }
  auto& record = *static_cast<HandlerRecord*>(task.handler);
  const bool failed = failure(outcome.verb) || outcome.verb == Outcome::Verb::fail;
  if (failed || outcome.verb == Outcome::Verb::done) record.budget.add(failed, at);
  switch (outcome.verb) {
    case Outcome::Verb::done:
      task.to = State::succeeded;
      task.value = std::move(outcome.result);
      task.children = std::move(attempted.children);
      note.has_result = attempted.has_result;
      note.result = std::move(attempted.result);
      note.result_codec = std::move(attempted.result_codec);
      note.result_transforms = std::move(attempted.result_transforms);
      task.keep = note.has_result || attempted.treatment.keep_asked ? attempted.treatment.keep_result : Millis(0);
      break;
    case Outcome::Verb::snooze:
      task.to = State::ready;
      task.delay = std::max(outcome.delay.value_or(Millis(0)), Millis(0));
      break;
    case Outcome::Verb::retry:
    case Outcome::Verb::timed_out:
      if (stop == StopReason::shutdown) {  // interrupted by us: its turn comes again, uncharged
        task.to = State::ready;
      } else if (task.leased.failures + 1 > attempted.treatment.retry.retries + mutant("manager.retry.one_too_many")) {
        task.to = State::dead;
        task.charge = Charge::failure;
        task.final_timeout = outcome.verb == Outcome::Verb::timed_out;
      } else {
        task.to = State::ready;
        task.charge = Charge::failure;
        task.delay = outcome.delay
                         ? std::max(*outcome.delay, Millis(0))
                         : retry_delay(attempted.treatment.retry, task.leased.failures + 1, state.random.next());
        if (record.budget.spent(record.policy.retry_budget.value_or(options_.retry_budget), at)) {
          task.delay = std::max(task.delay, attempted.treatment.retry.cap);
          ++counters_of(state, *task.lane).put_off;
        }
      }
      break;
    case Outcome::Verb::fail:
      task.to = State::dead;
      task.charge = Charge::failure;
      break;
    case Outcome::Verb::discard:
    case Outcome::Verb::cancelled:
      task.to = State::cancelled;
      break;
  }
  task.note = encode(note);
  state.engine.settle(task, at);
  if (state.stopping || state.sleeping + state.listening == 0) after.poke_pump = state.pump_waits;
}

}  // namespace penstock::impl
