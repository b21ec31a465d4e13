// The seam between core and store: what a durable backend is.
//
// The store is a fenced mover of opaque records. It keeps tasks, hands them out under leases, and
// changes a leased task only for the holder of its current epoch. All policy (retries, crash
// accounting, poison, backoff, retention limits) lives in the core, which tells the store what to do.
//
//             due > now                  claim: new epoch               settle
//  enqueue ─► scheduled ─► ready ───────► leased ──────────────────────► succeeded, dead, cancelled
//                ▲          ▲  ▲            │ to = ready, delay > 0
//                │          │  └────────────┤ to = ready, delay = 0
//                └──────────┼───────────────┘
//                           └ a claim takes tasks whose lease lapsed: still `leased`, new epoch
//
// Rules that hold for every method:
//  - Thread: any thread, many at once; calls block. No method throws.
//  - A call that returns an Error changed nothing, except with Errc::unknown_outcome: then it may
//    have happened, and sending the same ids and epochs again is safe.
//  - A call that returns a value answers every item of its batch, in the order given.
//  - A store on several servers may have reached some of them only. The items of the others are then answered
//    Item::unknown, and nothing is claimed there; the call is an Error only if none was reached.
//  - A batch has at most properties().max_batch items of each sort; more is Errc::invalid.
//  - Everything is atomic per queue, not across queues.
//  - Spans and views passed in are valid for the call only.
//  - Time is the store's. Leases and rates live by a clock that never jumps, due dates and unique_for by
//    the wall clock. Time decides when a task is offered again, never whose settlement counts: that is
//    the epoch's.
//
// Flow control (features kUnique, kFair, kGates) happens inside the claim, so that it holds across all
// processes, at every instant, and costs no retries:
//  - A *gate* limits the tasks that name it, within their queue: how many are leased at once, how many
//    are claimed per second, or none at all while it is held. Each queue has a gate of its own, with the
//    empty name, which all its tasks pass. A task takes a slot and a token of each of its gates when it
//    is claimed as ready. It gives the slots back when it is leased no more: settled, or taken away by
//    an operator. When its lease lapses it keeps them, and whoever claims it then takes them over: no
//    second token. So every start costs a token, retries too; a task given back `unstarted` gets its
//    tokens back.
//  - A *flow* is the ready tasks of a queue that have the same fair key and the same gates: one in most
//    queues. Inside a flow the order is (priority, higher weight, arrival).
//  - Fair keys take turns, one task each: a key that comes to have claimable tasks waits at most until
//    every other key that had some then has been served once. (A gate that is changed meanwhile may cost
//    it a turn, and so may each gate but the first that its tasks have to pass.) Turns go before priorities:
//    a priority holds inside its key. All tasks without a key are one key, so a queue that uses none is in
//    exact order. Inside a key the best task goes first among those whose gates are all open to it: room
//    that is for another key by its turn at the gate does not count.
//  - Flows behind a closed gate cost a claim nothing. Where several wait at one gate, their keys take
//    turns there as well, and each opening lets as many through as there is room for.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <penstock/plugin/interface.hpp>
#include <penstock/plugin/result.hpp>
#include <penstock/plugin/time.hpp>

namespace penstock {
inline namespace PENSTOCK_ABI_NAMESPACE {

using Bytes = std::string_view;  // any octets, NUL included

// The fencing token: the number of one lease batch. The store draws it from a counter that only
// rises and never comes back, whatever is deleted, replayed or imported. 0 means: never leased.
using Epoch = std::uint64_t;

// Made by the producer (UUIDv7, RFC 9562), so that sending an enqueue twice is safe. Text only at the edges.
struct TaskId {
  std::array<unsigned char, 16> bytes{};
  friend auto operator<=>(const TaskId&, const TaskId&) = default;
};

// A task is named by queue and id together: an id alone cannot be routed in a cluster.
// Queue and kind names match [A-Za-z0-9._-]{1,128}; others are answered Item::invalid.
struct TaskKey {
  std::string_view queue;
  TaskId id;
};

enum class State : std::uint8_t {
  held,       // waits for other tasks (Feature::kAfter)
  scheduled,  // waits for its due time
  ready,      // may be claimed
  leased,     // handed to a worker; stays so when the lease lapses, until a claim takes it
  succeeded,  // ended
  dead,       // ended; keeps its reason; runs again only when an operator moves it
  cancelled,  // ended
};
inline constexpr std::size_t kStates = 7;
constexpr bool ended(State s) noexcept { return s >= State::succeeded; }

// What a settlement counts against the task. The store only adds; the core judges.
enum class Charge : std::uint8_t { none, failure, crash };

// The answer for one item of a batch.
enum class Item : std::uint8_t {
  ok,          // done, or (settle) done before by the same epoch
  exists,      // enqueue: the same id with the same kind and body is here already, or was and ended
  conflict,    // enqueue: the id is taken by another content, or the unique key by another task;
               // move: the task is in another state, or its unique key is held by another by now
  full,        // enqueue: the queue is at queue_limit
  lease_lost,  // the epoch is not the task's current one, or the batch is gone; nothing changed
  requested,   // cancel: it is running and was asked to stop; settle: see Settlement::to
  finished,    // cancel, move: it had ended already; nothing changed
  not_found,   // nothing is known of the id (any more)
  invalid,     // the item breaks a rule of this header; nothing changed
  unknown,     // its server could not be reached: it may have happened, and sending it again is safe
};

// How long a task holds its unique key.
enum class Unique : std::uint8_t {
  live,     // from the enqueue until it has ended
  waiting,  // from the enqueue until it is claimed for the first time
};

// Fair keys, unique keys and gate names are any octets, 255 at the most. A gate called "class:key" is
// of the class "class" (up to its first ':'): what is set for "class" goes for each gate of the class that
// has no limit of its own.
inline constexpr std::size_t kMaxKey = 255;
inline constexpr std::size_t kMaxGates = 8;  // of one task; each at most once, none empty

// One task to be put into the store.
struct NewTask {
  TaskKey key{};
  Bytes body{};               // opaque; at most properties().max_body octets, empty is valid
  std::string_view kind{};    // name of the handler
  std::int32_t priority = 0;  // lower runs first
  std::uint16_t weight = 1;   // among equal priority, higher first; then arrival. 0 is invalid
  std::optional<Time> due{};  // wall clock; not before this. Past or absent: at once
  Millis delay{};             // instead of `due`: from now by the store's clock; negative is invalid
  // Features below: a store that does not list the feature answers Errc::unsupported to any use.
  // kUnique: at most one task of the queue holds the key. Another one is Item::conflict, and the
  // admission names the holder. `unique_for` keeps the key from others for at least that long, from the
  // enqueue on, whatever has become of its holder. With `replace`, a task that holds the key and waits (held,
  // scheduled, ready) ends as cancelled, leaves a tombstone, and makes room for the new one in the same step;
  // the longer of both unique_for counts. A refusal for another reason leaves it as it is.
  std::string_view unique{};
  Unique unique_while = Unique::live;
  Millis unique_for{};  // not negative
  bool replace = false;
  std::string_view fair{};                    // kFair: takes turns with the queue's other keys; empty: no key
  std::span<const std::string_view> gates{};  // kGates: those it passes, beside the queue's own
  std::span<const TaskKey> after{};           // kAfter
  std::uint64_t queue_limit = 0;  // kLimit: refuse (Item::full) when held + scheduled + ready is at it; 0: none
};

// Makes an enqueue conditional (kGuard): the batch is accepted iff `document` is at `revision`; it is
// then set to `value` in the same step. Otherwise the call is Errc::conflict. A cron slot fires once.
struct Guard {
  std::string_view document{};
  std::uint64_t revision = 0;  // 0: the document does not exist yet
  Bytes value{};
};

struct Admission {
  Item what = Item::ok;  // ok, exists, conflict, full, invalid, unknown
  TaskId id{};           // the task that is there now: the one sent, or the last holder of the unique key
};

// One verb for everything a lease holder says about its task.
//  to = leased      begun mark or progress: marks the task begun and keeps the lease. The charge counts
//                   only if the task was not marked begun under this epoch yet: sent twice, it counts once
//  to = ready       retry, snooze, release: back into the queue after `delay` (0: ready at once), at
//                   its old place of arrival
//  to = succeeded, dead, cancelled   the end
//  any other        invalid
// Accepted iff the task is leased under `epoch`, whether the lease has lapsed or not. The answer is
// then `ok`; but if its cancel had been requested, `ready` makes it `cancelled` (kept as by cancel())
// and is answered `requested`. Sent again, or sent too late, it changes nothing and is answered by
// the task's state, provided that its epoch is still the one named:
//     to \ state now   ready, scheduled   succeeded    dead         cancelled
//     leased           lease_lost         lease_lost   lease_lost   lease_lost
//     ready            ok                 lease_lost   lease_lost   requested
//     an end           lease_lost         ok if it is the same end, else lease_lost
// With any other epoch it is `lease_lost`; for an unknown id, `not_found`.
struct Settlement {
  TaskKey key{};
  Epoch epoch = 0;
  State to = State::succeeded;
  Charge charge = Charge::none;  // adds 1 to failures or crashes
  Millis delay{};                // to = ready only; not negative
  bool unstarted = false;        // to = ready only: it never ran, so the tokens it took go back (kGates)
  // On an end: how long body and note stay readable; 0: only a tombstone (id, epoch, state) stays,
  // for at least properties().remembers_ids. Retention may cut a longer `keep` short. Not negative.
  Millis keep{};
  Bytes note{};  // replaces the record's note; empty leaves it as it is; <= max_body
  // kChildren: enqueued iff this settlement is accepted, in the same step. They are of the parent's
  // queue. A child whose id exists is left alone, and one whose unique key is taken is left out;
  // queue_limit does not apply. A parent that ends leaves its unique key to them; one that goes on is not
  // replaced by them. An invalid child makes the settlement invalid.
  std::span<const NewTask> children{};
};
inline constexpr Millis kKeepForever = Millis::max();

// Extends one lease batch: keeping costs O(batches), not O(tasks).
struct Held {
  std::string_view queue{};
  Epoch epoch = 0;
};

// How much of a claim may come from one queue.
struct Share {
  std::string_view queue{};  // each queue at most once per exchange
  std::uint32_t quota = 0;
};

// The one call of a working process: settlements, then extensions, then claims.
struct Exchange {
  std::span<const Settlement> settle{};
  std::span<const Held> extend{};
  std::span<const Share> claim{};
  std::uint32_t limit = 0;  // tasks claimed in all: first each share up to its quota, in order; then,
                            // if room is left, each share again, in order, without its quota
  std::uint32_t begin = 0;  // of the claimed tasks that have neither lapsed nor crashed, the first
                            // `begin` are marked begun in the same write
  // Of the limit, so many are leased ahead: they would wait for a worker of the claimer's. Once
  // limit - ahead tasks are claimed, further ready ones may fill a gate to half of its `running` only
  // (rounded down), so that nobody sits on slots that others could use: the claim of a queue ends at
  // the first that would pass it.
  std::uint32_t ahead = 0;
  Millis lease{};             // from now; for the claims and the extensions; at least 1 ms
  std::string_view worker{};  // who asks: kept with the lease for people to read
};

// One claimed task. All tasks that one exchange claims from one queue share one new epoch.
struct Leased {
  std::string queue{}, kind{}, body{}, note{};
  TaskId id{};
  Epoch epoch = 0;
  std::int32_t priority = 0;
  std::uint16_t weight = 1;
  std::uint32_t failures = 0, crashes = 0;  // as charged so far
  bool lapsed = false;                      // taken from a lease that lapsed, not from the ready tasks
  bool begun = false;                       // lapsed: the former holder had marked it begun. Else: marked by this claim
};

struct Extended {
  Item what = Item::ok;        // ok; lease_lost: no task of the batch is held any more; unknown
  std::vector<TaskId> stop{};  // tasks of the batch whose cancel is wanted, or which were taken away
};

struct Exchanged {
  std::vector<Item> settled{};       // one per settlement
  std::vector<Extended> extended{};  // one per Held
  std::vector<Leased> leased{};      // in the order in which they should run, per queue
  // Until something of the claimed queues may become claimable by time alone (a due date, a lease end, a
  // token, the end of a hold): 0 when the claim stopped at its limit, or at the half of a gate, and more
  // may be there; absent when nothing is coming.
  std::optional<Millis> next_due{};
  std::uint64_t bell = 0;  // for Waiter::wait
};

// What the store knows of one task. A tombstone has state, epoch and `ended` only.
// `due` is set while scheduled, `ended` after the end (milliseconds, wall clock).
struct Record {
  State state = State::ready;  // scheduled tasks that are due are reported ready
  std::string kind{}, body{}, note{};
  Epoch epoch = 0;
  std::int32_t priority = 0;
  std::uint16_t weight = 1;
  std::uint32_t failures = 0, crashes = 0;
  bool begun = false;             // leased, and marked begun
  bool cancel_requested = false;  // leased, and asked to stop
  bool tombstone = false;         // ended, and only state and epoch are left
  Time enqueued{}, due{}, ended{};
  std::string unique{}, fair{};      // as enqueued
  std::vector<std::string> gates{};  // as enqueued, in any order
};

struct Counts {
  std::string queue{};
  // Tasks per state. Due tasks count as scheduled until an exchange has promoted them. Of the ended
  // tasks only those whose content is still kept count.
  std::array<std::uint64_t, kStates> by_state{};
  std::uint64_t bytes_ended = 0;  // body and note octets of the ended tasks that are kept
};

// What of a queue's ended tasks to let go. Oldest end first, kept records of `state` lose body and
// note, and become tombstones, when their `keep` has passed, when they ended `age` ago or longer, or
// while more than `count` of them, or more than `bytes` octets of them, are kept. At most `at_most`
// records per call. In the same call tombstones of the queue, of any state, that ended more than
// remembers_ids ago may be forgotten; nothing is forgotten at any other time.
struct Retention {
  std::string_view queue{};
  State state = State::succeeded;  // succeeded, dead or cancelled
  Millis age = kKeepForever;  // not negative
  std::uint64_t count = UINT64_MAX, bytes = UINT64_MAX;
  std::uint32_t at_most = 1000;
};

enum Feature : std::uint32_t {
  kUnique = 1,        // NewTask::unique and what goes with it
  kFair = 2,          // NewTask::fair
  kGates = 4,         // NewTask::gates, Settlement::unstarted, and the capability Gates
  kAfter = 8,         // NewTask::after
  kGuard = 16,        // Guard
  kChildren = 32,     // Settlement::children
  kLimit = 64,        // NewTask::queue_limit
  kStrictOrder = 128  // claims from a queue without fair keys follow (priority, weight, arrival) exactly,
                      // also across processes
};

struct Properties {
  std::uint32_t size = sizeof(Properties);
  std::uint32_t features = 0;         // bits of Feature
  std::uint32_t max_batch = 256;      // items of each sort per call
  std::uint32_t in_flight = 1;        // exchanges worth having under way at once
  std::uint64_t max_body = 1 << 20;   // octets, body and note each
  const char* durability = "memory";  // "memory", "process", "power", "failover": the faults that an
                                      // accepted task survives, read from the store's real settings
  Millis remembers_ids{};             // how long an ended id is known at the least
  Millis time_step{1};                // granularity of due times and leases
};

class PENSTOCK_API DurableBackend : public Interface {
 public:
  static constexpr const char* kKind = "backend";

  // The same for the object's whole life.
  virtual Properties properties() const noexcept = 0;

  // Settles, extends and claims, in this order, in one step per queue.
  // Claiming from a queue first promotes its due tasks (at most 1,000 of them). It then offers tasks
  // of lapsed leases, oldest epoch first and in their batch's order, then ready ones by (priority,
  // higher weight, arrival), or as flow control has it (see the top). A lapsed task whose cancel was
  // requested ends as cancelled instead (kept as by cancel()) and is not offered. From a queue whose own
  // gate is held, or limited to 0, nothing is claimed, and lapsed tasks stay as they are; other gates do
  // not bind lapsed tasks.
  // A claim that comes back with less than `limit` arms the bell: the next change that may make a
  // task claimable (a slot given back that somebody waits for is one), or that asks a running one to
  // stop, rings it once.
  // Extending a batch that lapsed but of which tasks are still held is ok; extending counts from now.
  // A batch of which every task was settled or taken is lease_lost.
  // Errc::invalid for a queue named twice in `claim`, a lease below 1 ms, or a batch too large.
  virtual Result<Exchanged> exchange(const Exchange&) noexcept = 0;

  // Puts tasks in. One step per queue; an item refused does not keep the others out. `guard` may be
  // null. Items see the effect of earlier items of the batch.
  virtual Result<std::vector<Admission>> enqueue(std::span<const NewTask>, const Guard* guard) noexcept = 0;

  // ok: it was waiting and has ended as cancelled (its record is kept, subject to retention);
  // requested: it is leased, keeps its epoch, and its holder will be told (Extended::stop), also when
  // asked again; finished; not_found.
  virtual Result<std::vector<Item>> cancel(std::span<const TaskKey>) noexcept = 0;

  // The records, absent for unknown ids. Reading a task that has not ended arms the bell for its end.
  virtual Result<std::vector<std::optional<Record>>> get(std::span<const TaskKey>) noexcept = 0;

  // One entry per queue that holds or held tasks, by name. Cost: O(queues).
  virtual Result<std::vector<Counts>> counts() noexcept = 0;

  // Returns how many records lost their content; call again while it is `at_most`. Idempotent.
  // Errc::invalid: a state that is no end, a negative age.
  virtual Result<std::uint64_t> trim(const Retention&) noexcept = 0;
};

// Capability: wake-ups instead of polling.
struct PENSTOCK_API Waiter {
  static constexpr std::string_view kId = "penstock.backend.waiter/1";
  // Blocks until the bell differs from `bell` (returning at once if it does already, so no ring is
  // ever lost) or `at_most` has passed. Returns the bell as it is now. Thread: any, many at once.
  virtual Result<std::uint64_t> wait(std::uint64_t bell, Millis at_most) noexcept = 0;
  // Changes the bell as this object sees it: every wait with an older bell returns.
  virtual void interrupt() noexcept = 0;

 protected:
  ~Waiter() = default;
};

inline constexpr std::size_t kMaxDocumentName = 512;

// Capability: small named documents with compare-and-set: schedules, weights, pauses.
struct Document {
  std::string name{};   // 1 to kMaxDocumentName octets, none of them NUL
  std::string value{};  // any octets, properties().max_body of them at the most
  std::uint64_t revision = 0;
};
struct PENSTOCK_API Registry {
  static constexpr std::string_view kId = "penstock.backend.registry/1";
  virtual Result<std::vector<Document>> list(std::string_view prefix) noexcept = 0;  // by name
  // Sets the document iff it is at `revision` (0: absent) and returns the new revision; else conflict.
  // Errc::invalid: a name or a value that no document has; so it is for a Guard.
  virtual Result<std::uint64_t> put(const Document&) noexcept = 0;

 protected:
  ~Registry() = default;
};

// Capability: what gates let through, changed while running. Comes with kGates. All of it outlives every
// process, as far as the store's durability level goes, and is shared by all.
//
// A gate's limit is the first of these that is there: set for its name by an operator; declared for its
// name; set for its class by an operator; declared for its class; none.
struct Limit {
  std::int64_t running = -1;  // leased at once; negative: no limit; 0: none at all
  // Claims per second on average, 0: no limit. A token comes every 1/per_second seconds, rounded up to a
  // whole nanosecond, and up to `burst` of them are kept; a gate not used yet has them all.
  double per_second = 0;
  std::uint32_t burst = 1;  // at least 1
  friend bool operator==(const Limit&, const Limit&) = default;
};
enum class Layer : std::uint8_t { declared, operator_ };  // by programs at their start; by people: it wins

struct GateState {
  std::string queue{}, gate{};                     // gate empty: the queue's own
  std::optional<Limit> declared{}, by_operator{};  // for this very name
  std::optional<Millis> held{};                    // for so long still; kHoldForever: until it is opened
  std::uint64_t leased = 0;                        // tasks that hold a slot now; 0 for the name of a class
  std::uint64_t waiting = 0;                       // flows that wait here: 0 for the queue's own gate
};
inline constexpr Millis kHoldForever = Millis::max();

struct PENSTOCK_API Gates {
  static constexpr std::string_view kId = "penstock.backend.gates/1";
  // Sets the limit of a gate or a class in one layer, or takes it away (null). A lower limit ends nothing
  // that runs: it fills the gate less from now on. The queue need not exist.
  // Errc::invalid: a bad name, a rate that is negative or not finite, a burst of 0.
  virtual Result<void> limit(std::string_view queue, std::string_view gate, Layer layer,
                             const Limit* limit) noexcept = 0;
  // Closes a gate (not a class) until that much time has passed; an earlier hold that lasts longer stays.
  // 0 opens it again. What is leased goes on. Queue "*" with the empty gate: every queue, also those to come.
  // Errc::invalid: a bad name, a negative time.
  virtual Result<void> hold(std::string_view queue, std::string_view gate, Millis at_most) noexcept = 0;
  // Gates and classes that have a limit or a hold of their own, of one queue or (empty) of all, by queue
  // and name. "*" is listed while everything is held.
  virtual Result<std::vector<GateState>> gates(std::string_view queue) noexcept = 0;

 protected:
  ~Gates() = default;
};

// Capability: looking around, and what an operator does to tasks.
struct Filter {
  std::string_view queue{};  // required
  State state = State::dead;
  std::string_view kind{};        // empty: any
  Time from{}, to = Time::max();  // of the end for ended tasks, else of the enqueue; [from, to)
  std::uint32_t at_most = 100;
  std::string_view cursor{};  // empty: from the start; else `next` of the page before
};
struct PENSTOCK_API Browser {
  static constexpr std::string_view kId = "penstock.backend.browser/1";
  // One page in order of arrival; `next` becomes the cursor of the following page, empty at the end.
  // Tombstones are not listed.
  virtual Result<std::vector<std::pair<TaskId, Record>>> list(const Filter&, std::string& next) noexcept = 0;
  // dead, cancelled -> ready: run again after `delay`, failures and crashes set to 0, note kept, its
  //   unique key taken again (unique_while; not unique_for); tombstones are not_found. scheduled -> ready: run now.
  //   leased -> cancelled: by force, without waiting for the holder; kept as by cancel(). All but scheduled -> ready
  //   give the task a new epoch, so that nobody who held it before is heard. Any other pair is Errc::invalid.
  // Item: ok; finished, lease_lost, conflict when the task is in another state than `from`
  //   (ended, leased, waiting); conflict when its unique key is held by another task; not_found.
  virtual Result<std::vector<Item>> move(std::span<const TaskKey>, State from, State to, Millis delay) noexcept = 0;

 protected:
  ~Browser() = default;
};

// ---- capability: what an operator asks first when something is wrong

// One thing that the store says of itself. Texts are of one line; `what` is a few words, and need not be unique.
struct Finding {
  std::string what;    // "version"
  std::string value;   // "7.0.15"
  std::string risk{};  // what it may cost, and what to change; empty: nothing is wrong with it
};
struct PENSTOCK_API Diagnosis {
  static constexpr std::string_view kId = "penstock.backend.diagnosis/1";
  // Looks at the store as it is now, and changes nothing. Secrets are not told. It may take some round trips.
  virtual Result<std::vector<Finding>> diagnose() noexcept = 0;

 protected:
  ~Diagnosis() = default;
};

// ---- capability: whether what the store holds agrees with itself

// A rule of the store's own that does not hold somewhere. Texts are of one line.
struct Violation {
  std::string rule;   // which, in a word or two: "counts"
  std::string where;  // the queue, and the task or the gate, as far as there is one
  std::string what;   // what is there, and what should be
};
struct Audited {
  std::uint64_t tasks = 0;              // that were looked at, ended ones among them
  std::uint64_t broken = 0;             // violations in all
  std::vector<Violation> violations{};  // the first of them
};
struct PENSTOCK_API Audit {
  static constexpr std::string_view kId = "penstock.backend.audit/1";
  // Compares everything that the store keeps more than once: a task and its place in line, what is counted, leases
  // and their tasks, unique keys, gates, content, the store's files. Changes nothing, and may run beside all other
  // calls: what they do meanwhile is no violation. It reads the whole store. `at_most`: so many are named.
  virtual Result<Audited> audit(std::uint32_t at_most) noexcept = 0;

 protected:
  ~Audit() = default;
};

}  // namespace PENSTOCK_ABI_NAMESPACE
}  // namespace penstock
