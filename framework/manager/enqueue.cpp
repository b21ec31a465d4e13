// Durable tasks on their way into the store.
#include <algorithm>
#include <mutant.hpp>
#include <thread>

#include <penstock/relay.hpp>

#include "base/counted.hpp"
#include "base/later.hpp"
#include "durable/envelope.hpp"
#include "manager/answers.hpp"
#include "manager/impl.hpp"
#include "manager/names.hpp"
#include "outbox/record.hpp"

namespace penstock::impl {
namespace {

constexpr int kTries = 3;  // of a call whose outcome is unknown: the ids make it safe
constexpr Millis kFullPause{10}, kLongestFullPause{200};

Error refusal(const EnqueueRequest& r, const Admission& a, std::uint64_t limit, const Properties& p) {
  const TaskId& there = a.id;
  switch (a.what) {
    case Item::conflict:
      if (there != r.ref.id) {
        return {Errc::conflict,
                to_text(r.ref) + ": unique key \"" + r.keys.unique + "\" is taken by task " + to_text(there)};
      }
      return {Errc::conflict, to_text(r.ref) + ": the id is taken by a task with another content"};
    case Item::full:
      return {Errc::resource_exhausted,
              "queue \"" + r.ref.queue + "\" is full: " + std::to_string(limit) + " tasks wait", true};
    case Item::unknown:
      return {Errc::unknown_outcome, to_text(r.ref) + ": the server of its queue could not be reached", true};
    default:
      return {Errc::invalid, to_text(r.ref) +
                                 ": refused by the store; names match [A-Za-z0-9._-]{1,128}, a body has at most " +
                                 std::to_string(p.max_body) + " octets, a weight is 1 to 65535"};
  }
}

// What can be refused before the store is asked.
std::optional<Error> objection(const EnqueueRequest& r, const EnqueueOptions& options, std::uint64_t max_payload) {
  auto bad = [](std::string text) { return Error{Errc::invalid, std::move(text)}; };
  if (auto error = wrong_name("a queue name", r.ref.queue); error && !mutant("manager.name.unchecked")) return error;
  if (auto error = wrong_name("a kind", r.kind)) return error;
  if (r.weight == 0) return bad("a task's weight is 1 to 65535");
  if (r.payload.size() > max_payload) {
    return Error{Errc::resource_exhausted, "payload of " + std::to_string(r.payload.size()) + " octets; the limit is " +
                                               std::to_string(max_payload) + " (worker.max_payload)"};
  }
  for (const std::optional<Millis>& d :
       {options.backoff, options.backoff_cap, options.timeout, options.keep_result, options.unique_for}) {
    if (d && *d < Millis(0)) {
      return bad("a backoff, a timeout, and the times a result or a unique key is kept are not negative");
    }
  }
  auto too_long = [](const std::string& key) { return key.size() > kMaxKey; };
  if (too_long(r.keys.unique) || too_long(r.keys.fair) || std::ranges::any_of(r.keys.gates, too_long)) {
    return bad("a unique key, fair key or gate has at most " + std::to_string(kMaxKey) + " octets");
  }
  if (r.keys.gates.size() > kMaxGates) return bad("a task passes at most " + std::to_string(kMaxGates) + " gates");
  std::size_t octets = 0;
  for (const auto& [key, value] : r.metadata) octets += key.size() + value.size();
  if (r.metadata.size() > durable::kMaxMetadataPairs || octets > durable::kMaxMetadata) {
    return bad("metadata is limited to 64 pairs and 16 KiB");
  }
  return std::nullopt;
}

// Those whose server could not be reached, once more; false: there are none, or it is still like that.
bool send_unknown(DurableBackend& backend, std::span<const NewTask> tasks, std::vector<Admission>& answers) {
  std::vector<NewTask> some;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (answers[i].what == Item::unknown) some.push_back(tasks[i]);
  }
  if (some.empty()) return false;
  const auto again = backend.enqueue(some, nullptr);
  if (!again || again->size() != some.size()) return false;
  auto next = again->begin();
  for (Admission& a : answers) {
    if (a.what == Item::unknown) a = *next++;
  }
  return true;
}

// Where encoded tasks go, with what each does if its unique key is taken.
using Put = std::function<Result<std::vector<Admission>>(std::span<const NewTask>, std::span<const IfTaken>)>;

Put into_backend(DurableBackend& backend) {
  return [&](std::span<const NewTask> tasks, std::span<const IfTaken>) { return send_to(backend, tasks); };
}

Put into_outbox(OutboxWriter& writer, Clock& clock) {
  return [&](std::span<const NewTask> tasks, std::span<const IfTaken> if_taken) -> Result<std::vector<Admission>> {
    std::vector<OutboxRow> rows;
    std::vector<Admission> written;
    const Time now = clock.wall();
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      NewTask task = tasks[i];
      if (task.delay > Millis(0)) {  // it counts from now, not from the move
        task.due = task.delay < Time::max() - now ? now + task.delay : Time::max();
        task.delay = Millis(0);
      }
      rows.push_back({0, task.key.id, std::string(task.key.queue), std::string(task.kind),
                      outbox::encode(task, if_taken[i] == IfTaken::keep)});
      written.push_back({Item::ok, task.key.id});
    }
    if (Result<void> done = writer.write(rows); !done) return done.error();
    return written;
  };
}

}  // namespace

Result<std::vector<Admission>> send_to(DurableBackend& backend, std::span<const NewTask> tasks) {
  Result<std::vector<Admission>> answer = backend.enqueue(tasks, nullptr);
  for (int n = 1; n < kTries && !answer && answer.error().code == Errc::unknown_outcome; ++n) {
    answer = backend.enqueue(tasks, nullptr);
  }
  answer = whole(std::move(answer), tasks.size(), "enqueue");
  for (int n = 1; n < kTries && answer; ++n) {
    if (!send_unknown(backend, tasks, *answer)) break;
  }
  return answer;
}

// One batch of requests that passed the middleware: encodes, sends, and answers each.
class EnqueueBatch {
 public:
  EnqueueBatch(const Put& put, const Properties& properties, const CodecSet& codecs, const Options& manager,
               const EnqueueOptions& options, std::span<const Policy> policies)
      : put_(put),
        properties_(properties),
        codecs_(codecs),
        manager_(manager),
        options_(options),
        policies_(policies) {}

  std::vector<Enqueued> send(std::span<EnqueueRequest> requests) {
    std::vector<Enqueued> out(requests.size());
    bodies_.resize(requests.size());
    std::vector<std::size_t> todo;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      out[i].ref = requests[i].ref;
      if (auto error = prepare(requests[i], i)) {
        out[i].what = Item::invalid;
        out[i].error = std::move(error);
      } else {
        todo.push_back(i);
      }
    }
    for (std::size_t at = 0; at < todo.size(); at += properties_.max_batch) {
      std::size_t count = std::min<std::size_t>(properties_.max_batch, todo.size() - at);
      send_chunk(requests, std::span(todo).subspan(at, count), out);
    }
    return out;
  }

 private:
  std::optional<Error> prepare(const EnqueueRequest& r, std::size_t i) {
    if (auto error = objection(r, options_, manager_.max_payload)) return error;
    const Policy& policy = policies_[std::min(i, policies_.size() - 1)];
    durable::Envelope e;
    e.version = policy.version;
    e.codec = r.codec;
    e.retries = options_.retries;
    e.backoff = options_.backoff;
    e.backoff_cap = options_.backoff_cap;
    e.timeout = options_.timeout;
    e.keep_result = options_.keep_result;
    for (const auto& [key, value] : r.metadata) e.metadata.emplace_back(key, value);
    e.payload = r.payload;
    std::string transformed;
    if (codecs_.transforms()) {
      Result<std::string> applied = codecs_.apply(r.payload, e.transforms);
      if (!applied) return applied.error();
      transformed = std::move(*applied);
      e.payload = transformed;
    }
    encode(e, bodies_[i]);
    return std::nullopt;
  }

  NewTask task(const EnqueueRequest& r, std::size_t i) {
    NewTask t;
    t.key = r.ref.key();
    t.body = bodies_[i];
    t.kind = r.kind;
    t.priority = r.priority;
    t.weight = r.weight;
    if (options_.at) {
      t.due = options_.at;
    } else if (options_.delay) {
      t.delay = std::max(*options_.delay, Millis(0));
    }
    t.queue_limit = options_.queue_limit;
    t.fair = r.keys.fair;
    const std::size_t first = gates_.size();
    gates_.insert(gates_.end(), r.keys.gates.begin(), r.keys.gates.end());
    t.gates = std::span(gates_).subspan(first);
    if (!r.keys.unique.empty()) {
      const Policy& policy = policies_[std::min(i, policies_.size() - 1)];
      t.unique = r.keys.unique;
      t.unique_while = options_.unique_while ? *options_.unique_while : policy.unique_while.value_or(Unique::live);
      t.unique_for = options_.unique_for ? *options_.unique_for : policy.unique_for.value_or(Millis(0));
      t.replace = if_taken(i) == IfTaken::replace;
    }
    return t;
  }

  IfTaken if_taken(std::size_t i) const {
    const Policy& policy = policies_[std::min(i, policies_.size() - 1)];
    return options_.if_taken ? *options_.if_taken : policy.if_taken.value_or(IfTaken::reject);
  }

  void send_chunk(std::span<EnqueueRequest> requests, std::span<const std::size_t> indices,
                  std::vector<Enqueued>& out) {
    std::vector<NewTask> tasks;
    std::vector<IfTaken> taken;
    tasks.reserve(indices.size());
    taken.reserve(indices.size());
    std::size_t gates = 0;
    for (std::size_t i : indices) gates += requests[i].keys.gates.size();
    gates_.clear();
    gates_.reserve(gates);  // so that the tasks' views of them stay
    for (std::size_t i : indices) {
      tasks.push_back(task(requests[i], i));
      taken.push_back(if_taken(i));
    }
    Result<std::vector<Admission>> answer = put_(tasks, taken);
    for (std::size_t k = 0; k < indices.size(); ++k) {
      Enqueued& e = out[indices[k]];
      if (!answer) {
        e.error = answer.error();
        continue;
      }
      const Admission& a = (*answer)[k];
      const EnqueueRequest& r = requests[indices[k]];
      const bool stands_for_it = a.what == Item::conflict && a.id != r.ref.id && taken[k] == IfTaken::keep;
      e.what = stands_for_it ? Item::exists : a.what;
      e.ref.id = a.id;
      e.error.reset();
      if (!e.accepted()) e.error = refusal(r, a, options_.queue_limit, properties_);
    }
  }

  const Put& put_;
  const Properties& properties_;
  const CodecSet& codecs_;
  const Options& manager_;
  const EnqueueOptions& options_;
  std::span<const Policy> policies_;
  std::vector<std::string> bodies_;
  std::vector<std::string_view> gates_;  // of the chunk that is sent
};

std::vector<Enqueued> Manager::enqueue(std::vector<Draft> drafts, const EnqueueOptions& options,
                                       std::span<const TaskId> ids, OutboxWriter* outbox) {
  if (outbox && (options.queue_limit > 0 || options.if_full == IfFull::block)) {
    throw Exception(Error{Errc::unsupported,
                          "an outbox does not know how full a queue is: queue_limit and "
                          "IfFull::block cannot be kept"});
  }
  if (!ids.empty() && ids.size() != drafts.size()) {
    throw Exception(Error{Errc::invalid, "as many ids as tasks are needed: got " + std::to_string(ids.size()) +
                                             " for " + std::to_string(drafts.size())});
  }
  if (drafts.empty()) return {};
  std::vector<EnqueueRequest> requests(drafts.size());
  std::vector<Policy> policies;
  policies.reserve(drafts.size());
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    const Policy& policy = drafts[i].policy;
    EnqueueRequest& r = requests[i];
    r.ref.queue = !options.queue.empty()  ? options.queue
                  : !policy.queue.empty() ? std::string(policy.queue)
                                          : "default";
    r.ref.id = !ids.empty() ? ids[i] : options.id && drafts.size() == 1 ? *options.id : make_task_id();
    r.kind = policy.kind;
    r.payload = std::move(drafts[i].payload);
    r.codec = std::move(drafts[i].codec);
    r.keys = std::move(drafts[i].keys);
    if (options.unique) r.keys.unique = *options.unique;
    if (options.fair) r.keys.fair = *options.fair;
    if (options.gates) r.keys.gates = *options.gates;
    r.metadata = options.metadata;
    r.priority = options.priority.value_or(policy.priority);
    r.weight = options.weight.value_or(policy.weight);
    policies.push_back(policy);
  }
  std::uint64_t span = 0;
  if (tracer_) {
    auto parent =
        std::ranges::find(options.metadata, std::string("traceparent"), &std::pair<std::string, std::string>::first);
    span = tracer_->start({"enqueue", requests[0].kind, requests[0].ref.queue, to_text(requests[0].ref.id), 0,
                           parent == options.metadata.end() ? std::string_view() : std::string_view(parent->second)});
    std::string inside = tracer_->inject(span);
    for (EnqueueRequest& r : requests) {
      std::erase_if(r.metadata, [](const auto& pair) { return pair.first == "traceparent"; });
      if (!inside.empty()) r.metadata.emplace_back("traceparent", inside);
    }
  }
  const Put put = outbox ? into_outbox(*outbox, clock_) : into_backend(*backend_);
  EnqueueBatch batch(put, properties_, codecs_, options_, options, policies);
  EnqueueNext innermost = [&](std::span<EnqueueRequest> span_of) { return batch.send(span_of); };
  std::function<std::vector<Enqueued>(std::size_t, std::span<EnqueueRequest>)> enter =
      [&](std::size_t level, std::span<EnqueueRequest> r) -> std::vector<Enqueued> {
    if (level == enqueue_middleware_.size()) return innermost(r);
    return enqueue_middleware_[level](r,
                                      [&, level](std::span<EnqueueRequest> inner) { return enter(level + 1, inner); });
  };
  std::vector<Enqueued> out;
  const std::size_t asked = requests.size();
  Outcome thrown = run_guarded([&] { out = enter(0, requests); });
  if (thrown.verb != Outcome::Verb::done || out.size() > asked) out.clear();
  const std::string why =
      thrown.verb != Outcome::Verb::done
          ? thrown.reason
          : std::to_string(out.size()) + " answers for " + std::to_string(asked) + " tasks, no answer for this one";
  for (std::size_t i = out.size(); i < asked; ++i) {
    out.push_back({requests[i].ref, Item::invalid, Error{Errc::internal, "enqueue middleware: " + why}});
  }
  if (options.if_full == IfFull::block) {  // the full ones again, until there is room or the time is up
    Instant until = base::later(now(), options.block_at_most);
    Millis pause = kFullPause;
    auto full = [](const Enqueued& e) { return e.what == Item::full; };
    while (std::ranges::any_of(out, full) && now() < until && !stop_requests_.load()) {
      {
        auto state = state_.lock();
        if (state->stopping) break;
        const base::Counted awaiting(state, state->awaiting);
        wait_until(ended_, state, std::min(until, now() + pause));
      }
      pause = std::min(pause * 2, kLongestFullPause);
      std::vector<EnqueueRequest> again;
      std::vector<Policy> their_policies;
      std::vector<std::size_t> places;
      for (std::size_t i = 0; i < out.size(); ++i) {
        if (!full(out[i])) continue;
        again.push_back(requests[i]);
        their_policies.push_back(policies[i]);
        places.push_back(i);
      }
      EnqueueBatch retry_batch(put, properties_, codecs_, options_, options, their_policies);
      std::vector<Enqueued> answers = retry_batch.send(again);
      for (std::size_t k = 0; k < places.size(); ++k) out[places[k]] = std::move(answers[k]);
    }
  }
  if (tracer_) tracer_->end(span, {"enqueued", {}});
  if (!outbox) {
    std::vector<std::string_view> kinds;
    for (const EnqueueRequest& r : requests) kinds.push_back(r.kind);
    note_queued(out, kinds, options.delay.value_or(Millis(0)));
  }
  return out;
}

// Counts what was created, and tells the hooks.
void Manager::note_queued(std::span<const Enqueued> tasks, std::span<const std::string_view> kinds, Millis delay) {
  Aftermath after;
  std::function<void()> accepted;
  {
    auto state = state_.lock();
    accepted = state->accepted;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      if (!tasks[i].created()) continue;
      ++counters_of(*state, state->scheduler.lane(tasks[i].ref.queue)).scheduled;
      if (auto handler = handlers_.find(kinds[i]); handler != handlers_.end()) ++handler->second->counters.scheduled;
      if (!hooked(Aftermath::Event::What::queued)) continue;
      Aftermath::Event event{.what = Aftermath::Event::What::queued, .ref = tasks[i].ref};
      event.kind = kinds[i];
      event.durable = true;
      event.delay = delay;
      after.events.push_back(std::move(event));
    }
  }
  if (!after.empty()) tell(after);
  if (accepted) accepted();
}

Result<std::vector<Admission>> Manager::enqueue_relayed(std::span<const NewTask> tasks) {
  Result<std::vector<Admission>> answer = send_to(*backend_, tasks);
  if (!answer) return answer;
  std::vector<Enqueued> out;
  std::vector<std::string_view> kinds;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    out.push_back({{std::string(tasks[i].key.queue), tasks[i].key.id}, (*answer)[i].what, {}});
    kinds.push_back(tasks[i].kind);
  }
  note_queued(out, kinds, Millis(0));
  return answer;
}

}  // namespace penstock::impl
