// TaskManager: the public face of Penstock.
//
//   auto tasks = penstock::TaskManager::open("penstock.toml");
//   tasks.handle<DigestFile>([](penstock::Context& ctx, const DigestFile& job) { ...; return Digested{...}; });
//   tasks.enqueue(DigestFile{path});
//   return tasks.run();
//
// Durable tasks are records in the backend: any process on the same store may enqueue them, run them,
// cancel them and read their results. In-memory tasks are closures of this process. Both go through
// the same workers, by the same rule: queues share by weight; inside a queue the lower priority number
// goes first, then the higher weight, then the one that came first.
//
// A manager that has no handlers is a producer: it leases nothing. Threads are started by the first
// submit, or by start(), run() and drain().
//
// Thread: every method may be called from any thread, and from handlers and hooks, but for run, drain,
// wait_idle and the two stops, which wait for handlers and are refused inside one (Errc::invalid).
// Errors: single calls throw Exception; batch calls answer per item.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <penstock/config.hpp>
#include <penstock/context.hpp>
#include <penstock/error.hpp>
#include <penstock/error_groups.hpp>
#include <penstock/explain.hpp>
#include <penstock/flow.hpp>
#include <penstock/handler.hpp>
#include <penstock/hooks.hpp>
#include <penstock/metrics.hpp>
#include <penstock/middleware.hpp>
#include <penstock/options.hpp>
#include <penstock/outcome.hpp>
#include <penstock/payload.hpp>
#include <penstock/results.hpp>
#include <penstock/task.hpp>

namespace penstock {

class OutboxRelay;   // penstock/relay.hpp
class OutboxWriter;  // the same
class Stepper;       // penstock/stepper.hpp
class TaskManager;
namespace impl {
class Manager;
}

// The claim to an in-memory task's result. Copyable; does not keep the task alive.
template <class R>
class Ticket {
 public:
  const TaskRef& ref() const noexcept { return ref_; }
  // Waits for the end and hands the result out, once. Throws Exception: unavailable when `at_most`
  // passed first; internal, with the handler's error, when the task failed; not_found when the result
  // was taken before, or is no longer kept.
  R get(Millis at_most = Millis::max()) const;

 private:
  friend class TaskManager;
  Ticket(std::shared_ptr<impl::Manager> manager, TaskRef ref) : manager_(std::move(manager)), ref_(std::move(ref)) {}
  std::shared_ptr<impl::Manager> manager_;
  TaskRef ref_;
};

// An encoded task on its way in; made by the templates below.
struct Draft {
  Policy policy;
  std::string payload;
  std::string codec;  // empty: raw bytes
  FlowKeys keys{};
};

class PENSTOCK_API TaskManager {
 public:
  // Opens the backend and the other plugins. Throws: the config's or the plugin's error.
  static TaskManager open(const std::string& config);
  static TaskManager open(Options options);
  // On a backend that the program has made itself, in place of the one that the options name.
  static TaskManager open(Options options, std::unique_ptr<DurableBackend> backend);
  TaskManager(TaskManager&&) noexcept;
  TaskManager& operator=(TaskManager&&) noexcept;
  ~TaskManager();  // stop_now, if nobody stopped it

  // ---- handlers: before start(). A kind that has one already is Errc::conflict ------------------
  template <class T, class F>
  void handle(F f) {
    add_handler(job<T>, make_handler<T>(std::move(f)), impl::declared_limits<T>());
  }
  // A handler of raw bytes: a callable (Context&), reading ctx.payload().
  template <class F>
  requires std::invocable<F&, Context&>
  void handle(const Policy& policy, F f) { add_handler(policy, std::make_unique<impl::RawHandler<F>>(std::move(f))); }
  // `limits`: of gates of the policy's queue; declared in the store by start(), unless options.limits has
  // them, or the backend has no gates.
  void add_handler(const Policy& policy, std::unique_ptr<TaskHandler> handler, std::vector<DeclaredLimit> limits = {});
  void use(Middleware middleware);                 // around every attempt; before start()
  void use_enqueue(EnqueueMiddleware middleware);  // around every enqueue
  void add_hooks(Hooks hooks);

  // ---- durable tasks ------------------------------------------------------------------------------
  // Returns once the store has accepted the task, under its durability level. Throws: conflict,
  // resource_exhausted (queue full, payload too large), unavailable, unknown_outcome (send it again
  // under the same options.id), invalid.
  template <class T>
  TaskRef enqueue(const T& task, const EnqueueOptions& options = {}) {
    return enqueue_one(draft(task), options);
  }
  // One round trip per backend batch; an outcome per item, in order.
  template <class T>
  std::vector<Enqueued> enqueue_many(std::span<const T> tasks, const EnqueueOptions& options = {}) {
    std::vector<Draft> drafts;
    drafts.reserve(tasks.size());
    for (const T& task : tasks) drafts.push_back(draft(task));
    return enqueue_drafts(std::move(drafts), options);
  }
  template <class T>
  std::vector<Enqueued> enqueue_many(const std::vector<T>& tasks, const EnqueueOptions& options = {}) {
    return enqueue_many(std::span<const T>(tasks), options);
  }
  // The same with ids of the caller's own, one per task: what is here already answers `exists`.
  template <class T>
  std::vector<Enqueued> enqueue_many(std::span<const T> tasks, std::span<const TaskId> ids,
                                     const EnqueueOptions& options = {}) {
    std::vector<Draft> drafts;
    drafts.reserve(tasks.size());
    for (const T& task : tasks) drafts.push_back(draft(task));
    return enqueue_drafts(std::move(drafts), options, ids);
  }
  // Raw bytes for the handler that `policy.kind` names.
  TaskRef enqueue_bytes(const Policy& policy, std::string payload, const EnqueueOptions& options = {});
  std::vector<Enqueued> enqueue_drafts(std::vector<Draft> drafts, const EnqueueOptions& options = {},
                                       std::span<const TaskId> ids = {});
  // The same into an outbox instead of the backend: see penstock/outbox.hpp. `ok` says that the item
  // was written there. Item::invalid with Errc::unsupported for options that ask for room in a queue.
  std::vector<Enqueued> enqueue_drafts(std::vector<Draft> drafts, const EnqueueOptions& options,
                                       std::span<const TaskId> ids, OutboxWriter& outbox);
  // The task as enqueue encodes it.
  template <class T>
  Draft draft(const T& task) {
    static_assert(!job<T>.kind.empty(),
                  "give the task type a policy with a kind: template <> inline constexpr "
                  "penstock::Policy penstock::job<T> = {.kind = \"...\"};");
    ValueCodec* own = codec({});
    Draft out{job<T>, {}, std::string(Payload<T>::codec_name(own)), impl::flow_keys(task)};
    value_or_throw(Payload<T>::encode(task, own, out.payload));
    return out;
  }

  // ---- in-memory tasks ------------------------------------------------------------------------------
  // Runs `f`, a callable () or (Context&), on a worker. Errors: resource_exhausted when local_limit is
  // reached, unavailable after a stop. While closures take a few microseconds each, a worker takes up to 16
  // at a time, in order, and tells of their ends together: what another worker starts meanwhile may overtake
  // them. When one of them turns out to block, the others go on, and their ends are told, after a millisecond or two.
  template <class F>
  Ticket<impl::TicketOf<std::decay_t<F>>> submit(F&& f, const SubmitOptions& options = {}) {
    TaskRef ref = submit_closure(impl::Closure(std::forward<F>(f)), options);
    return {impl_, std::move(ref)};
  }
  // Many at once, cheaper. All are accepted or, when the limit leaves no room, none.
  template <class F>
  void submit_many(std::span<F> closures, const SubmitOptions& options = {}) {
    std::vector<impl::Closure> erased;
    erased.reserve(closures.size());
    for (F& f : closures) erased.emplace_back(std::move(f));
    submit_closures(erased, options);
  }

  // ---- any task ---------------------------------------------------------------------------------------
  std::optional<TaskInfo> info(const TaskRef& ref);
  // Many durable tasks, of any queues, one round trip per backend batch; in order.
  std::vector<std::optional<TaskInfo>> info(std::span<const TaskRef> refs);
  // Waits for the end, wherever the task runs. Absent when `at_most` passed first or it is unknown.
  std::optional<TaskInfo> await(const TaskRef& ref, Millis at_most);
  // Waits and decodes the result. Throws as Ticket::get does.
  template <class R>
  R result(const TaskRef& ref, Millis at_most = Millis::max()) {
    TaskInfo ended = await_result(ref, at_most);
    R out{};
    value_or_throw(Payload<R>::decode(ended.result, codec(ended.result_codec), out));
    return out;
  }
  Cancelled cancel(const TaskRef& ref);
  std::size_t cancel_local();  // every in-memory task that has not ended; how many were asked
  Results results(std::size_t buffer = 1024, WhenFull when_full = WhenFull::drop_newest);

  // ---- looking ---------------------------------------------------------------------------------------
  Metrics metrics() const;
  std::vector<Counts> counts();  // of the backend, by queue
  // What durable tasks failed of, of a queue or (empty) of all: by queue, last seen first. Throws: unsupported.
  std::vector<ErrorGroup> errors(std::string_view queue = {});
  // How tasks of a kind that has a handler here are treated, and who says so. Throws: not_found.
  Explanation explain(std::string_view kind);
  const Options& options() const noexcept;
  DurableBackend& backend();  // as opened; for tools
  // What was enqueued, of a task's record as the backend has it: transforms are undone. For tools.
  // Throws: invalid, for a record of another program's; unsupported, when a transform is not here.
  EnqueueRequest request(const TaskRef& ref, const Record& record);
  ValueCodec* codec(std::string_view name);  // by name; empty: the process's own. Null: not there

  // ---- limits and pauses: in the store, for all processes on it ----------------------------------------
  // An operator's limit of a queue (gate empty), of a gate, or of all gates of a class; absent: takes it
  // away, and what programs have declared holds again. The other layer is the programs' own: each sets
  // what it declares again when it starts. Throws: unsupported, invalid.
  void set_limit(std::string_view queue, std::string_view gate, const std::optional<Limit>& limit,
                 Layer layer = Layer::operator_);
  // Nothing of the queue, or of the gate, is claimed until resume() or until the time has passed; what runs
  // goes on. Queue "*": everything, also queues to come.
  void pause(std::string_view queue, std::string_view gate = {}, Millis at_most = kHoldForever);
  void resume(std::string_view queue, std::string_view gate = {});
  std::vector<GateState> gates(std::string_view queue = {});  // what is set, and how it stands; empty: of all queues

  // The share of a queue, 1 to 1,000,000: in the store, for all processes on it. Those that work take it over within
  // seconds, instead of the weight in their options; absent: takes it away. Throws: unsupported, invalid.
  void set_weight(std::string_view queue, std::optional<unsigned> weight);
  std::map<std::string, unsigned> weights();  // those in the store, by queue

  // ---- working ---------------------------------------------------------------------------------------
  void start();                   // workers run; leasing begins if there are handlers. Idempotent
  void resize(unsigned threads);  // at least 1; running handlers are let finish
  // Works until SIGTERM, SIGINT or request_stop(), then stops gracefully within options.stop_timeout.
  // A second signal is stop_now. Returns 0, or 75 when handlers had to be left behind: return that
  // from main at once (sysexits.h EX_TEMPFAIL: a supervisor should start the program again).
  int run();
  // Works until nothing is left to do: no in-memory task, and in the queues it serves no durable task
  // waiting, due later, or leased by anybody. Then stops gracefully. Returns as run().
  int drain();
  bool wait_idle(Millis at_most);  // the same condition, without stopping; false: not in time

  void request_stop() noexcept;  // async-signal-safe; wakes run() and drain()
  // Leases nothing new, lets running handlers finish until the deadline, releases what has not
  // started (uncharged), settles everything, joins the threads. In-memory tasks that have not started
  // end as cancelled. False: some handler did not end; it was asked to stop and left behind, and the
  // leases it holds lapse. Idempotent.
  bool stop_graceful(Millis deadline);
  // Asks every handler to stop at once, then as above with the grace period. Never loses a settlement.
  bool stop_now();

 private:
  friend class OutboxRelay;
  friend class Stepper;
  explicit TaskManager(std::shared_ptr<impl::Manager> impl);
  TaskRef enqueue_one(Draft draft, const EnqueueOptions& options);
  TaskRef submit_closure(impl::Closure closure, const SubmitOptions& options);
  void submit_closures(std::span<impl::Closure> closures, const SubmitOptions& options);
  TaskInfo await_result(const TaskRef& ref, Millis at_most);

  std::shared_ptr<impl::Manager> impl_;
};

namespace impl {
// The result of an ended in-memory task, taken out of the registry.
PENSTOCK_API std::unique_ptr<ResultValue> take_result(Manager& manager, const TaskRef& ref, Millis at_most);
}  // namespace impl

template <class R>
R Ticket<R>::get(Millis at_most) const {
  std::unique_ptr<ResultValue> value = impl::take_result(*manager_, ref_, at_most);
  if constexpr (!std::is_void_v<R>) {
    void* at = value ? value->address(&impl::kTypeTag<R>) : nullptr;
    if (!at) throw Exception(Error{Errc::not_found, "the result of " + to_text(ref_) + " was taken before"});
    return std::move(*static_cast<R*>(at));
  }
}

}  // namespace penstock
