// The lease engine: what to say to the store and when, and what its answers mean.
//
// Pure: it takes `now`, holds no lock, reads no clock and calls nobody. The shell around it (manager/)
// sends what `plan` and `extensions` say and gives the answers to `applied` and `extended`; tests drive
// it with a virtual clock.
//
// It owns every task this process holds a lease of, from the claim until the store has accepted its
// settlement and the handler has returned. The states of such a task here:
//
//   claimed ─► parked ─► marking ─► startable ─► running ─► settling ─► (gone)
//      └──────────────────────────────┘  │           │
//                (not a suspect)         └ dropped   └ lost: settled elsewhere; waits for its handler
//
// Suspects: a task whose lease lapsed, or that was charged a crash, may be what kills processes. They
// are parked and started one at a time, each only after the store has committed its begun mark; one
// that has used up max_crashes is buried as poison. A suspect that brings a crash with it and cannot
// start at once is given back, so that the crash is charged whatever the suspects before it do.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <penstock/plugin/backend.hpp>
#include <penstock/plugin/handlers.hpp>
#include <penstock/plugin/outcome.hpp>
#include <penstock/retry.hpp>

#include "base/random.hpp"
#include "execution/runnable.hpp"

namespace penstock::durable {

using execution::Instant;

// All tasks that one exchange claimed from one queue: they share an epoch, and live and lapse together.
struct Batch {
  std::string queue;
  Epoch epoch = 0;
  Instant lapses{};  // by this process's clock, from when the request was sent, less a margin
  Instant extend_at{};
  std::uint32_t live = 0;  // tasks not settled yet
  bool extending = false;  // an extension is under way
  bool lost = false;       // the store knows it no more; what is left of it is being settled
};

struct Child {
  std::string queue, kind, body;
  TaskId id;
  std::int32_t priority = 0;
  std::uint16_t weight = 1;
  FlowKeys keys;
  Unique unique_while = Unique::live;
  Millis unique_for{};
  bool replace = false;
  std::vector<std::string_view> gates;  // of `keys`, for the view below
  NewTask task();                       // a view: valid while this is not moved
};

struct Task : execution::Runnable {
  enum class Phase : std::uint8_t { parked, marking, startable, running, settling, gone };

  Leased leased;
  Batch* batch = nullptr;
  void* handler = nullptr;  // the shell's
  Phase phase = Phase::startable;
  bool suspect = false;
  bool begun = false;       // the store has, or is being sent, its begun mark
  bool lost = false;        // another worker has it, or may have: nothing of it counts any more
  bool in_handler = false;  // a thread is still inside: the task must stay alive
  bool mark_pending = false;
  bool in_pending = false;     // listed in the engine's pending tasks
  bool unsure = false;         // it was put off, and has had no answer since
  bool forgotten = false;      // its end was published
  std::uint32_t in_plans = 0;  // exchanges under way that speak of it
  std::size_t slot = 0;        // among the engine's tasks
  std::chrono::nanoseconds ran{};
  // What to say at its end, and what to tell once the store has accepted it.
  bool final_timeout = false;
  std::string error;
  std::shared_ptr<ResultValue> value;
  State to = State::succeeded;
  Charge charge = Charge::none;
  Millis delay{}, keep{};
  bool unstarted = false;  // it did not run under this lease
  std::string note;
  std::vector<Child> children;

  // Its former holder died, or was cut off, while it ran.
  bool crashed() const noexcept { return leased.lapsed && leased.begun; }
};

struct EngineOptions {
  Millis lease{10'000};
  std::uint32_t batch = 64;
  std::uint32_t max_batch = 256;  // of the backend
  std::uint32_t in_flight = 1;    // exchanges at once
  std::uint32_t max_crashes = 3;
  std::chrono::microseconds settle_within{1000};  // a settlement leaves after this at the latest
  std::string worker;
  std::uint64_t seed = 0;  // of the back-off's jitter; 0: from the kernel
};

// What the workers could do with more tasks.
struct Demand {
  std::uint32_t idle = 0;  // workers with nothing to run
  std::uint32_t threads = 1;
  std::uint32_t ahead = 0;  // startable tasks that wait for a worker
  bool claims = true;       // false: stopping, or at the cap of stuck threads
  bool lease_ahead = true;  // false: a rate limiter decides when tasks start, so none is sure to start at once
  bool flush = false;       // send what is pending now, whatever its age
};

// One exchange to be sent, with what its parts belong to. Views point into tasks, which stay until it
// is applied.
struct Plan {
  std::vector<Settlement> settle;
  std::deque<std::vector<NewTask>> children;  // storage for the settlements
  std::deque<std::string> notes;
  std::vector<Task*> tasks;  // one per settlement
  std::vector<Share> claim;
  std::vector<std::string> queues;  // storage for the claim
  std::uint32_t limit = 0, begin = 0, ahead = 0;
  Instant sent{};
  Exchange exchange(const EngineOptions& options) const;
};

struct Extension {
  std::vector<Held> held;
  std::vector<Batch*> batches;  // one per Held
  Instant sent{};
};

// What an answer changed, for the shell to act on. Settled, buried and lost tasks are to be handed
// back with `forget` after their end was published.
struct Changes {
  std::vector<Task*> startable;  // to be queued for a worker
  std::vector<Task*> settled;    // accepted: the end, or the retry, is a fact
  std::vector<Task*> cancelled;  // settled as a retry, but a cancel was wanted: it has ended
  std::vector<Task*> lost;       // refused, or taken away: not to be published; if queued, to be unqueued
  std::vector<Task*> stop;  // their cancel is wanted: if running, ask the handler to stop; else unqueue, and `cancel`
  void clear();
};

class LeaseEngine {
 public:
  explicit LeaseEngine(EngineOptions options);
  void reseed(std::uint64_t seed) { random_ = base::Random(seed); }  // in place of EngineOptions::seed

  // ---- claims ----------------------------------------------------------------------------------------
  // The queues to claim from, with their weights: shares of each claim follow them.
  void set_queues(std::vector<std::pair<std::string, std::uint32_t>> queues);
  // Claims nothing from the queue until then: a rate limit holds up what is here of it already.
  void hold(std::string_view queue, Instant until);
  // Something may be there to claim: the bell rang, or a due time has come.
  void ring() noexcept { maybe_work_ = true; }
  // Something will be there to claim at that time.
  void expect_work(Instant at) { work_at_ = work_at_ ? std::min(*work_at_, at) : at; }
  bool maybe_work(Instant now) const noexcept { return maybe_work_ || (work_at_ && *work_at_ <= now); }
  // When time alone may bring work, and it may be asked for.
  std::optional<Instant> work_at() const noexcept {
    return work_at_ ? std::optional(std::max(*work_at_, not_before_)) : std::nullopt;
  }
  std::uint64_t bell() const noexcept { return bell_; }

  // Fills `plan` with the next exchange, or returns false when none is due. Each plan that was filled
  // must be applied, whatever came of it.
  bool plan(Instant now, const Demand& demand, Plan& plan);
  // Whether `plan` would claim something.
  bool wants(Instant now, const Demand& demand) const;
  bool claiming() const noexcept { return claiming_ > 0; }
  Instant not_before() const noexcept { return not_before_; }  // end of the back-off after an error
  void applied(Plan& plan, Result<Exchanged> answer, Instant now, Changes& changes);
  // When `plan` may have something to say, if nothing else happens: the oldest settlement's time, or the
  // end of the back-off after an error. Absent: nothing is pending.
  std::optional<Instant> plan_at() const;

  // ---- running ---------------------------------------------------------------------------------------
  // The worker is about to start the task. False: its lease has lapsed or it was lost; it is gone.
  bool start(Task& task, Instant now);
  // Sends the begun mark with the next exchange, so that a crash from now on is charged.
  void mark_begun(Task& task, Instant now);
  // Stores a note while the task runs (progress); at the next exchange.
  void mark_progress(Task& task, std::string note, Instant now);
  // The task's end or return, as its fields `to` ... `children` say. Ignored when it is lost.
  void settle(Task& task, Instant now);
  // Gives back a task that has not started: uncharged, to its old place. Requires: it is parked or startable.
  void release(Task& task, Millis delay, Instant now);
  // Ends a task that has not started, and whose cancel is wanted.
  void cancel(Task& task, Instant now);
  // The handler has returned, or was given up: together with a settlement this frees the task.
  void handler_returned(Task& task);
  void ran(std::chrono::nanoseconds handler_time);  // for leasing ahead

  // ---- keeping ---------------------------------------------------------------------------------------
  // The batches to extend now; `all`: every one, because a cancel may be wanted.
  bool extensions(Instant now, bool all, Extension& extension);
  void extended(Extension& extension, const Result<Exchanged>& answer, Instant now, Changes& changes);
  // Batches that have lapsed by this process's clock: their tasks are lost.
  void expire(Instant now, Changes& changes);

  // ---- ending ----------------------------------------------------------------------------------------
  void forget(Task& task);  // published; freed once its handler has returned
  std::size_t held() const noexcept { return held_; }
  std::size_t unsettled() const noexcept { return pending_.size() + put_off_.size() + sending_; }
  // Nothing is left to say and no answer is awaited: not even of a claim, which may bring tasks to give back.
  bool quiet() const noexcept { return pending_.empty() && put_off_.empty() && in_flight_ == 0; }
  std::size_t parked() const noexcept { return parked_.size(); }
  std::vector<Task*> parked_tasks() const { return {parked_.begin(), parked_.end()}; }
  std::uint64_t errors() const noexcept { return errors_; }
  const EngineOptions& options() const noexcept { return options_; }

 private:
  struct Queue {
    std::string name;
    double weight = 1;
    double credit = 0;  // tasks it is owed; falls behind and runs ahead by one batch at the most
    Instant held_until{};
  };

  bool all_held(Instant now) const;
  std::uint32_t claim_limit(Instant now, const Demand& demand) const;
  std::uint32_t ahead_target(const Demand& demand) const;
  bool settle_due(Instant now, const Demand& demand) const;
  void add_settlements(Plan& plan);
  void add_settlement(Plan& plan, Task& task);
  void add_claims(Plan& plan, std::uint32_t limit, const Demand& demand);
  void apply_item(Task& task, State sent_as, Item item, Instant now, Changes& changes);
  void apply_leased(std::vector<Leased>& leased, Instant sent, Instant now, Changes& changes);
  void begins(Batch& batch, Instant sent) const;
  void take_back(Plan& plan, Instant now);
  void put_off(std::vector<Task*>& tasks, Instant now);
  void answered(Task& task);
  void pend(std::vector<Task*>& tasks, Instant since);
  Millis pause(std::uint32_t in_a_row);
  bool goes_again(Task& task, const Settlement& sent);
  void admit(Task& task, Instant now, Changes& changes);
  void settle_unstarted(Task& task, State to, Millis delay, Instant now);
  void stop(Task& task, Instant now, Changes& changes);
  void start_next_suspect(Instant now);
  void suspect_done(Task& task, Instant now);
  void enqueue(Task& task, Instant now);
  void lose(Task& task, Instant now, Changes& changes);
  void leave_batch(Task& task);
  void drop_batch_if_empty(Batch& batch);
  void free_if_done(Task& task);
  Task& make_task();

  EngineOptions options_;
  base::Random random_;
  std::vector<Queue> queues_;
  std::vector<std::unique_ptr<Batch>> batches_;
  std::vector<std::unique_ptr<Task>> tasks_;
  std::vector<std::unique_ptr<Task>> spare_;  // used again: their strings keep their room
  std::vector<Task*> pending_;                // to be settled or marked, oldest first
  Instant pending_since_{};
  std::vector<Task*> put_off_;  // the same, but not before `put_off_until_`: their server did not answer
  Instant put_off_until_{};
  std::uint32_t unsure_in_a_row_ = 0;  // times that they were sent again in vain
  bool grown_ = false;                 // counted since they were sent again
  std::size_t unsure_ = 0;             // tasks that were put off, and have had no answer since
  bool pending_urgent_ = false;        // a suspect waits for its mark
  std::deque<Task*> parked_;
  Task* active_suspect_ = nullptr;
  std::uint32_t in_flight_ = 0;
  std::uint32_t claiming_ = 0;  // limits of the claims under way
  std::size_t sending_ = 0;     // settlements under way
  std::size_t held_ = 0;
  bool maybe_work_ = true;
  std::optional<Instant> work_at_;
  std::uint64_t bell_ = 0;
  std::uint64_t errors_ = 0;
  std::uint32_t errors_in_a_row_ = 0;
  Instant not_before_{};             // back-off after an error
  Instant no_ahead_before_{};        // the store refused to lease ahead
  double run_ns_ = 0, trip_ns_ = 0;  // moving averages
};

}  // namespace penstock::durable
