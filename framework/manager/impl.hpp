// The manager behind TaskManager: puts the parts together. One lock guards all of its state; nothing
// that blocks, and no code of users or plugins, runs under it.
//
// Threads. Workers pull what runs next straight from the scheduler. A worker with nothing to run leads:
// it sends the lease engine's exchange itself, and when the store has nothing either, one idle worker
// listens to the store's bell while the others sleep. The pump sends what is overdue while all workers
// are busy. The keeper extends leases by calls of its own. The watchdog does no I/O: it strikes
// timeouts, and stops what has lost its lease.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <penstock/manager.hpp>
#include <penstock/plugin/limiter.hpp>
#include <penstock/plugin/tracer.hpp>
#include <penstock/stepper.hpp>

#include "base/guarded.hpp"
#include "base/random.hpp"
#include "durable/envelope.hpp"
#include "durable/error_groups.hpp"
#include "durable/housekeeping.hpp"
#include "durable/lease_engine.hpp"
#include "durable/retry_budget.hpp"
#include "execution/attempt.hpp"
#include "manager/codecs.hpp"
#include "manager/hand.hpp"
#include "manager/host.hpp"
#include "manager/limits.hpp"
#include "manager/weight_store.hpp"
#include "plugins/host.hpp"
#include "results/hub.hpp"
#include "results/local_registry.hpp"
#include "scheduling/scheduler.hpp"

namespace penstock::impl {

using durable::Batch;
using durable::Changes;
using execution::Instant;
using execution::Runnable;
using results::LocalTask;
using scheduling::Lane;

inline constexpr const char* kLocalQueue = "local";
inline constexpr unsigned kMostThreads = 4096;

// A kind's handler, and what it counts.
struct HandlerRecord {
  Policy policy;
  std::unique_ptr<TaskHandler> handler;
  std::vector<DeclaredLimit> limits;
  Counters counters;
  durable::RetryBudget budget;
};

enum class StopReason : std::uint8_t { none, timeout, cancel, lost, shutdown };

// What is kept beside each queue of the scheduler.
struct QueueRecord {
  Counters counters;
  std::uint32_t leased = 0;  // leased tasks that are queued in it
  bool ended = false;        // a durable task of it has, since the store was last asked to forget some
};

// What a worker is doing. Read by the watchdog and by cancel, under the lock, unless it plays a hand.
struct Run {
  Runnable* task = nullptr;
  Instant started{};
  TaskId id;  // of an in-memory task
  // Of the attempt; then, once stop was asked for, of the grace. The worker sets it without the lock, if
  // nobody has asked by then.
  std::atomic<Instant::rep> deadline{Instant::max().time_since_epoch().count()};
  std::atomic<bool> ready{false};  // the worker has written what others may need to settle the task without it
  StopReason stop = StopReason::none;
  bool marked = false;  // its begun mark was sent, or is not needed
};

struct Worker {
  std::thread thread;
  Run run;
  base::Guarded<Hand> hand;
  std::optional<Instant> dealt;  // since when it plays a hand
  std::stop_source stop;
  std::atomic<bool> stop_shared{false};  // somebody else has a token or the source: not to be used again
  bool retire = false;                   // exits when it has nothing to run
  bool abandoned = false;                // its handler outlived the grace period; another took its place
  bool has_spun = false;                 // since it ran a task, or slept
};

// What happened under the lock and is to be told outside it.
struct Aftermath {
  struct Event {
    enum class What : std::uint8_t { queued, start, retry, finish, lost } what;
    TaskRef ref;
    std::string kind, error;
    bool durable = false;
    std::uint32_t attempt = 0;
    Status status = Status::queued;
    Millis delay{};
    std::chrono::nanoseconds ran{};
    std::shared_ptr<ResultValue> value;
  };
  std::vector<Event> events;
  std::vector<std::unique_ptr<ResultValue>> garbage;
  std::vector<std::stop_source> stops;
  std::vector<Closure> closures;
  bool wake_one = false, wake_all = false, interrupt = false, poke_pump = false, poke_watchdog = false, ended = false;
  bool empty() const;
  bool runs_user_code() const;  // when it is told and cleared
  void clear();
  void move_news(Aftermath& to);  // events, and what is to be destroyed
};

// What the manager's one lock guards.
struct ManagerState {
  explicit ManagerState(const Options& options, durable::EngineOptions engine_options);

  scheduling::Scheduler scheduler;
  results::LocalRegistry local;
  durable::LeaseEngine engine;
  durable::FailureLog failures;
  base::Random random;
  std::map<std::string, std::unique_ptr<QueueRecord>> queues;
  std::map<std::string, std::unique_ptr<Counters>, std::less<>> name_counters;  // named in-memory tasks
  std::vector<std::shared_ptr<Worker>> workers;
  std::vector<std::shared_ptr<Worker>> left_behind;  // abandoned ones whose handlers have not returned
  std::vector<std::shared_ptr<Worker>> retired;      // ended by a resize; to be joined
  unsigned target = 0;                               // workers wanted
  unsigned sleeping = 0;                             // idle workers on the condition variable
  unsigned woken = 0;                                // of these, told to wake and not awake yet
  unsigned dealt = 0;                                // workers that play a hand
  double closure_ns = 1e9;                           // how long closures run, on average of late
  Instant last_start{};                              // when a worker last began closures
  const Worker* recent = nullptr;                    // that worker, as long as it is at them
  Aftermath untold;                                  // news of hands that were taken back: the watchdog tells it
  bool watchdog_tells = false;                       // it is in user code, and looks after nothing
  unsigned idle = 0;                                 // workers with nothing to run, sleeping, listening or leading
  bool listening = false;                            // a worker waits for the store's bell
  bool spinning = false, signalled = false;          // a worker looks out for work; it was told that there is some
  Instant timer = Instant::max();                    // when the first of the waiting workers looks again by itself
  bool started = false, leasing = false, stopping = false, stop_now = false, closed = false;
  bool closing = false;            // nothing is left but the threads' own end
  Instant asked{};                 // a step or a beat, whether a cancel is wanted
  std::function<void()> accepted;  // of the stepper: called when tasks were put in, without the lock; may be empty
  bool stop_put_off = false;       // of a stepped manager that a handler or a hook has destroyed
  std::uint64_t enqueue_generation = 0;
  unsigned awaiting = 0;         // threads that wait for some task's end
  unsigned watching_idle = 0;    // threads that wait for the manager to be idle
  std::size_t leased_ready = 0;  // leased tasks queued in the scheduler, all queues together
  std::uint64_t running = 0;
  Instant no_start_before{};  // the rate limiter has no token for the process until then
  bool limiter_fails = false;
  Instant queues_refreshed{};
  bool claimed = false;                                 // some task, since then
  bool claimed_lately = false;                          // some task, since the weights were read
  std::uint64_t queues_asked = 0, queues_answered = 0;  // so often; and the latest time that was answered
  bool queues_known = false;
  std::set<std::string> served;             // durable queues claimed from
  Weights stored_weights;                   // as read last
  std::map<std::string, unsigned> lacking;  // what tasks need and is not here, to how often some were given back
  bool pump_waits = false;
  Millis poll{1};  // between looks at a store that has no bell
  std::uint64_t exchanges = 0, polls = 0;
  Instant last_exchange{};
  std::uint64_t stuck = 0;
};

class Manager final : public std::enable_shared_from_this<Manager> {
 public:
  using Locked = base::Guarded<ManagerState>::Locked;

  // open.cpp
  // `given`: the backend, in place of the one that the options name.
  static std::shared_ptr<Manager> open(Options options, std::unique_ptr<DurableBackend> given = nullptr);
  ~Manager();

  // handlers and hooks: manager.cpp
  void add_handler(const Policy& policy, std::unique_ptr<TaskHandler> handler, std::vector<DeclaredLimit> limits);
  void use(Middleware middleware);
  void use_enqueue(EnqueueMiddleware middleware);
  void add_hooks(Hooks hooks);
  ValueCodec* codec(std::string_view name) { return codecs_.value_codec(name); }
  const Options& options() const noexcept { return options_; }
  DurableBackend& backend() { return *backend_; }
  const Properties& properties() const noexcept { return properties_; }
  void log(Level level, std::string_view line) noexcept { host_->log(level, line); }
  results::Hub& hub() { return hub_; }

  // enqueue.cpp
  // Into the backend or, when one is given, into an outbox.
  std::vector<Enqueued> enqueue(std::vector<Draft> drafts, const EnqueueOptions& options, std::span<const TaskId> ids,
                                OutboxWriter* outbox = nullptr);
  // What comes out of an outbox: sends, counts and tells. Middleware and codecs were through with it before.
  Result<std::vector<Admission>> enqueue_relayed(std::span<const NewTask> tasks);

  // local.cpp
  std::vector<TaskRef> submit(std::span<Closure> closures, const SubmitOptions& options, bool want_refs);
  std::unique_ptr<ResultValue> take_result(const TaskRef& ref, Millis at_most);
  std::size_t cancel_local();

  // inspect.cpp
  std::optional<TaskInfo> info(const TaskRef& ref);
  bool is_local(const TaskId& id) { return state_.lock()->local.owns(id); }
  std::optional<TaskInfo> local_info(const TaskRef& ref);
  std::vector<std::optional<TaskInfo>> info_many(std::span<const TaskRef> refs);
  std::optional<TaskInfo> await(const TaskRef& ref, Millis at_most);
  Cancelled cancel(const TaskRef& ref);
  EnqueueRequest request(const TaskRef& ref, const Record& record);
  Metrics metrics();
  std::vector<Counts> counts();

  // gates.cpp
  void set_limit(std::string_view queue, std::string_view gate, Layer layer, const Limit* limit);
  void hold(std::string_view queue, std::string_view gate, Millis at_most);
  std::vector<GateState> gates(std::string_view queue);
  void set_weight(std::string_view queue, std::optional<unsigned> weight);
  Weights weights();
  void declare_options();
  void declare_handlers();

  // explain.cpp
  Explanation explain(std::string_view kind);

  // errors.cpp
  std::vector<ErrorGroup> errors(std::string_view queue);
  void note_failure(ManagerState& state, const durable::Task& task);
  void flush_failures(std::size_t queues);

  // lifecycle.cpp
  void start();
  void resize(unsigned threads);
  int run();
  int drain();
  bool wait_idle(Millis at_most);
  void request_stop() noexcept;
  bool stop(Millis deadline, bool now);
  void stop_for_good() noexcept;

  // stepped.cpp: what a Stepper does
  void begin_stepping(std::uint64_t seed);
  void end_stepping() noexcept;
  Stepper::Did step();
  bool beat();
  std::optional<Instant> next_step();
  void when_accepted(std::function<void()> f) { std::swap(state_.lock()->accepted, f); }
  void abandon() noexcept;

  // Whose thread this one is to count as; returns whose it was. Null: nobody's.
  static const Manager* lend_thread(const Manager* to) noexcept;

 private:
  friend class Services;
  Manager(Options options, std::unique_ptr<HostServices> host, std::unique_ptr<plugins::PluginHost> plugins,
          std::unique_ptr<DurableBackend> backend);

  Instant now() const { return clock_.now(); }
  // Waits on `cv` until `at` by the manager's clock, or until it is notified.
  void wait_until(std::condition_variable& cv, Locked& state, Instant at);
  void own_thread() const noexcept;  // called first in each thread that the manager starts
  bool in_own_thread() const noexcept;
  void refuse_in_own_thread(const char* call) const;

  // workers.cpp
  Result<void> ensure_workers(ManagerState& state);
  void spawn_worker(ManagerState& state);
  void work(std::shared_ptr<Worker> self);
  bool run_next(Locked& state, Worker& self, Aftermath& after);
  void run_durable(Locked& state, Worker& self, durable::Task& task, Aftermath& after);
  void run_closures(Locked& state, Worker& self, LocalTask* task, Aftermath& after);
  Runnable* pick(Locked& state, Aftermath& after);
  void idle(Locked& state, Worker& self, Aftermath& after);
  void spin(Locked& state);
  void sleep(Locked& state);
  void wake_for(ManagerState& state, std::size_t tasks, Aftermath& after);
  void hand_over(ManagerState& state, Aftermath& after);
  void conclude(Locked& state, Aftermath& after);  // tells what happened, without the lock
  void begin_run(ManagerState& state, Worker& self, Runnable& task, Instant now);
  void count_begun(ManagerState& state, Runnable& task, Instant now);
  void end_run(ManagerState& state, Worker& self);

  // limits.cpp
  Runnable* pop_within_limits(Locked& state);
  void hold_up(ManagerState& state, const std::string& queue, const Tokens::Shortage& shortage);

  // hands.cpp
  void note_length(ManagerState& state, std::chrono::nanoseconds ran);
  bool deals(const ManagerState& state) const;
  void deal(ManagerState& state, Worker& self, LocalTask& first, Instant now, Aftermath& after);
  LocalTask* play(Worker& self, Outcome& outcome, Instant now);
  void take_back(ManagerState& state, Worker& worker, Instant now, Aftermath& after);
  void take_back_each(ManagerState& state, Instant now, Aftermath& after);
  void take_back_all(ManagerState& state, Aftermath& after);
  void end_dealing(ManagerState& state, Aftermath& after);
  void wake_for_ready(ManagerState& state, Aftermath& after);
  Instant look_after_hands(ManagerState& state, Instant now, Aftermath& after);
  bool somebody_comes(const ManagerState& state, Instant now, Aftermath& after);
  void watch_soon(Instant now, Aftermath& after);

  // attempts.cpp
  struct Attempted;  // a durable task's attempt: its outcome and what belongs to it
  struct Treatment;
  Treatment treatment(const durable::Task& task, const durable::Envelope& envelope) const;
  std::uint64_t start_span(const TaskView& task, std::string_view parent);
  Outcome attempt_local(Worker& self, LocalTask& task);
  Attempted attempt_durable(Worker& self, durable::Task& task);
  void seal(durable::Task& task, Attempted& attempted);
  void count_returned(ManagerState& state, Runnable& task, Counters* own, std::chrono::nanoseconds ran);
  void returned(ManagerState& state, Worker& self, durable::Task& task, Attempted attempted, Instant now,
                Aftermath& after);
  void returned(ManagerState& state, Worker& self, LocalTask& task, Outcome outcome, std::chrono::nanoseconds ran,
                Instant now, Aftermath& after);
  void finish_local(ManagerState& state, LocalTask& task, Outcome outcome, StopReason stop,
                    std::chrono::nanoseconds ran, Instant now, Aftermath& after);
  void end_local(ManagerState& state, LocalTask& task, Status status, std::chrono::nanoseconds ran, Instant now,
                 Aftermath& after);
  void finish_durable(ManagerState& state, durable::Task& task, Attempted& attempted, StopReason stop, Instant now,
                      Aftermath& after);
  void set_deadline(Run& run, Instant at);

  // exchange.cpp
  bool exchange(Locked& state, Aftermath& after, bool flush);
  bool listen(Locked& state, Aftermath& after);
  void apply(ManagerState& state, Changes& changes, Instant now, Aftermath& after);
  void queue_leased(ManagerState& state, durable::Task& task, Instant at);
  bool unqueue_leased(ManagerState& state, durable::Task& task);
  void note_unqueued(ManagerState& state, durable::Task& task);
  void admit(ManagerState& state, durable::Task& task, Instant now, Aftermath& after);
  Millis pause_without(ManagerState& state, const std::string& what);
  void publish(ManagerState& state, durable::Task& task, bool cancelled, Aftermath& after);
  durable::Demand demand(const ManagerState& state, bool flush) const;
  bool refresh_queues(Locked& state);
  std::uint64_t ask_for_queues(ManagerState& state);
  bool learn_queues(ManagerState& state, std::uint64_t asked, std::span<const Counts> counts);
  void pump(std::stop_token stop);
  void keep(std::stop_token stop);
  bool extend(Locked& state, bool all, Aftermath& after);

  // tidy.cpp
  void tidy(durable::Housekeeping& house, Aftermath& after);
  std::optional<bool> trim(const std::string& queue, State ended);
  void trim(durable::Housekeeping& house, const std::string& queue, std::span<const State> states, int& failed);

  // weights.cpp
  Registry& weights_registry();
  void refresh_weights(Locked& state);
  void use_weights(ManagerState& state);

  // inspect.cpp
  std::optional<TaskInfo> local_info(ManagerState& state, const TaskRef& ref);
  Cancelled cancel_local(ManagerState& state, const TaskRef& ref, Aftermath& after);

  // watchdog.cpp
  void watch(std::stop_token stop);
  Instant patrol(ManagerState& state, Instant now, Aftermath& after);
  void ask_to_stop(ManagerState& state, Worker& worker, StopReason why, Instant now, Aftermath& after);
  void abandon(ManagerState& state, std::size_t index, Instant now, Aftermath& after);
  Worker* worker_of(ManagerState& state, const Runnable& task);
  void poke_watchdog() noexcept;

  // stepped.cpp
  Stepper::Did take_step();
  bool look_after(bool ask);
  bool exchange_once(Locked& state, Aftermath& after);
  bool put_off_stop();
  void finish_stop() noexcept;
  void refuse_to_wait() const;

  // lifecycle.cpp
  void begin_stop(ManagerState& state, bool now_, Instant now, Aftermath& after);
  void run_out(Locked& state, Instant until, Aftermath& after);
  bool local_idle(const ManagerState& state) const;
  bool store_idle();
  void note_idle(ManagerState& state);

  // enqueue.cpp
  void note_queued(std::span<const Enqueued> tasks, std::span<const std::string_view> kinds, Millis delay);

  // manager.cpp
  QueueRecord& record_of(ManagerState& state, Lane& lane);
  Counters& counters_of(ManagerState& state, Lane& lane) { return record_of(state, lane).counters; }
  RetryPolicy retry_policy(const std::optional<std::uint32_t>& retries, const std::optional<Millis>& backoff,
                           const std::optional<Millis>& cap, const std::optional<bool>& jitter) const;
  // Whether somebody is told of such events; the others are not written down.
  bool hooked(Aftermath::Event::What what) const noexcept {
    return (hooked_.load(std::memory_order_relaxed) >> static_cast<unsigned>(what) & 1) != 0;
  }
  bool telling(Aftermath::Event::What what) const noexcept {
    return hooked(what) || (what == Aftermath::Event::What::finish && hub_.wanted());
  }
  void tell(const Aftermath& after);
  using HookList = std::shared_ptr<const std::vector<Hooks>>;
  HookList hooks() { return *hooks_.lock(); }
  void fire(const HookList& hooks, Aftermath::Event::What what, const TaskEvent& event);
  TaskRef ref_of(ManagerState& state, const LocalTask& task) const {
    return {task.lane->name, state.local.id_of(task)};
  }

  Options options_;
  Clock& clock_;
  const bool real_time_;
  bool stepped_ = false;                // it has no threads; set before anything runs
  std::unique_ptr<HostServices> host_;  // outlives the plugins
  std::unique_ptr<plugins::PluginHost> plugins_;
  CodecSet codecs_;
  std::unique_ptr<DurableBackend> backend_;
  std::unique_ptr<Limiter> limiter_;
  std::unique_ptr<Tracer> tracer_;
  std::vector<std::unique_ptr<Interface>> modules_;  // of handlers
  Waiter* waiter_ = nullptr;
  Gates* gates_ = nullptr;
  Registry* registry_ = nullptr;
  bool flush_failed_ = false;  // and was logged. The keeper's; once that has ended, the stopping thread's
  Properties properties_;
  std::map<std::string, std::shared_ptr<HandlerRecord>, std::less<>> handlers_;  // fixed from start() on
  std::vector<Middleware> middleware_;
  std::vector<EnqueueMiddleware> enqueue_middleware_;
  base::Guarded<HookList> hooks_;
  std::atomic<std::uint32_t> signals_{0};  // to the worker that spins
  std::atomic<unsigned> hooked_{0};        // a bit for each Aftermath::Event::What
  std::atomic<bool> frozen_{false};        // started: handlers and middleware are fixed
  results::Hub hub_;

  base::Guarded<ManagerState> state_;
  std::condition_variable work_;    // idle workers
  std::condition_variable listen_;  // the one that looks from time to time at a store without a bell
  std::condition_variable pump_cv_, keep_cv_;
  std::condition_variable ended_;  // awaiters, idle watchers, stoppers
  std::jthread pump_thread_, keeper_thread_, watchdog_thread_;
  int event_fd_ = -1;  // wakes the watchdog; request_stop writes to it
  std::atomic<int> stop_requests_{0};
  std::atomic<Instant::rep> watchdog_at_{0};  // when it looks next by itself
};

}  // namespace penstock::impl
