// Tests of your own handlers and pipelines: in one thread, without sleeping, with any test framework. Link
// penstock-testing.
//
//   penstock::testing::Cluster cluster([&](penstock::TaskManager& tasks) { tasks.handle<Pay>(...); });
//   place_order(cluster.tasks(), 17);                               // code under test, which enqueues a Pay
//   cluster.required<Pay>([](const Pay& job) { return job.order == 17; });
//   cluster.drain();                                                // runs all that is due, here and now
//   cluster.advance(std::chrono::hours(1));                         // time passes, and nobody has waited
//
// A cluster is some workers, one store and one clock. Each worker is a whole TaskManager as your program has
// it, with the codecs, middleware, hooks, retries and leases of production; only its threads are replaced, by
// penstock::Stepper. Workers stand for processes: each can die, at the point that the test names, and nothing
// of it reaches the store from then on.
//
// Workers take turns in their order, so the same test does the same in every run. Time stands still but for
// advance() and finish(). A handler that has to take its time calls advance() itself: its lease is kept and its
// timeout strikes meanwhile. A call that would wait (await, result, run, next() of Results) throws instead of
// hanging: let the tasks run first.
//
// Thread: one, that of the test: an OutboxRelay is flushed by the test, its thread is not started. Errors: Failed for
// what the test expected and is not so; Exception as the manager's calls.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <penstock/manager.hpp>

namespace penstock::testing {

// A clock that the test moves. It may be given to any manager (Options::clock), and must outlive it.
// Thread: any.
class FakeClock final : public Clock {
 public:
  Instant now() noexcept override { return Instant(boot()); }
  Time wall() noexcept override { return Time(Millis(wall_.load())); }
  Millis boot() noexcept override { return Millis(boot_.load()); }
  void advance(Millis by) { wall_ += by.count(), boot_ += by.count(); }
  // As an operator's `date` does: what is put off may be due, and no lease lapses.
  void jump_wall(Millis by) { wall_ += by.count(); }

 private:
  std::atomic<std::int64_t> wall_{1'893'456'000'000};  // 2030-01-01T00:00:00Z
  std::atomic<std::int64_t> boot_{1'000'000};
};

// What the test expected, and what is so instead. Test frameworks report it as they do any exception.
class Failed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Mode : std::uint8_t {
  manual,   // tasks run when the test says so: drain(), finish(), step()
  inline_,  // every enqueue and advance() drains before it returns; what is due later waits for its time
};

// Where a worker dies, on its way with one task.
enum class Point : std::uint8_t {
  before_handler,  // it has the lease, and the handler was not entered
  after_handler,   // the handler has returned, and the store was not told
  after_ack,       // the store was told, and its answer was lost
};
inline constexpr Point kPoints[] = {Point::before_handler, Point::after_handler, Point::after_ack};

// The options of a manager whose log is silent but for errors.
inline Options quiet_options() {
  Options options;
  options.log_level = Level::error;
  return options;
}

struct ClusterOptions {
  unsigned workers = 1;
  Mode mode = Mode::manual;
  std::size_t most_attempts = 10'000;  // in one drain() or finish(); more, and it is Failed: it would never end
  std::uint64_t seed = 1;              // of all jitter
  Options manager = quiet_options();   // of each worker; `threads` and `clock` are the cluster's
};

// A task as it was enqueued: by whichever call, or as the child of another.
struct Sighting {
  EnqueueRequest request;  // ref, kind, payload, metadata, priority, keys
  Millis delay{};
  std::optional<Time> at;
};
template <class T>
struct Seen : Sighting {
  T job;  // the payload, decoded
};

class Cluster {
 public:
  // `setup` gives each worker its handlers, middleware and hooks, as the program does before start(); it is
  // called again for each worker that is added.
  explicit Cluster(std::function<void(TaskManager&)> setup, ClusterOptions options = {});
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // ---- workers, from 0 on ---------------------------------------------------------------------------
  TaskManager& tasks();                // of the first that is alive: for the code under test
  TaskManager& worker(std::size_t n);  // dead or alive; calls to a dead one's store are answered `unavailable`
  std::size_t add_worker();            // another process starts, or a dead one again; returns its number
  bool alive(std::size_t n) const;
  FakeClock& clock();

  // ---- work and time ----------------------------------------------------------------------------------
  // Runs everything that is due, and what that brings, until no worker has anything to do. Returns how many
  // attempts were made. In a handler: the other workers' tasks.
  std::size_t drain();
  // The same, and moves the clock on to whatever comes next (a retry, a delay, the end of a dead worker's
  // lease), until nothing is coming any more.
  std::size_t finish();
  // One turn of one worker: at most one attempt. False: it has nothing to do.
  bool step(std::size_t worker);
  // Time passes for everybody. Leases of workers that are alive are kept, timeouts strike.
  void advance(Millis by);

  // ---- deaths -------------------------------------------------------------------------------------------
  // The next worker that comes to this point with a durable task (of this kind, if one is named) dies there.
  // Its leases lapse by the clock, then others take its tasks over.
  void kill_at(Point point, std::string_view kind = {});
  void kill(std::size_t worker);  // now, wherever it is
  // For what a handler calls: the worker that it runs in dies here. Leaves the handler by an exception that is
  // no std::exception; whatever the handler still does on its way out does not reach the store.
  [[noreturn]] void die();

  // ---- what was enqueued ----------------------------------------------------------------------------------
  // Everything that the store has accepted, oldest first, whatever has become of it: of T's kind, decoded, if
  // `matching` says yes to it. A task that stood for another, by a unique key, is one.
  template <class T>
  std::vector<Seen<T>> enqueued(const std::function<bool(const T&)>& matching = {}) {
    std::vector<Seen<T>> out;
    for (Sighting& sighting : sightings(job<T>.kind)) {
      Seen<T> seen{std::move(sighting), {}};
      value_or_throw(Payload<T>::decode(seen.request.payload, codec(seen.request.codec), seen.job));
      if (!matching || matching(seen.job)) out.push_back(std::move(seen));
    }
    return out;
  }
  // The first of those. Throws Failed when there is none, and says what there is.
  template <class T>
  Seen<T> required(const std::function<bool(const T&)>& matching = {}) {
    std::vector<Seen<T>> found = enqueued<T>(matching);
    if (found.empty()) fail("required a task", job<T>.kind, matching ? ", that matches" : "");
    return std::move(found.front());
  }
  // Throws Failed when there is one.
  template <class T>
  void refused(const std::function<bool(const T&)>& matching = {}) {
    if (!enqueued<T>(matching).empty()) fail("refused any task", job<T>.kind, matching ? ", that matches" : "");
  }
  // The same for payloads of any type. Empty: of every kind.
  std::vector<Sighting> sightings(std::string_view kind = {});

 private:
  struct State;
  ValueCodec* codec(std::string_view name);
  [[noreturn]] void fail(std::string_view expected, std::string_view kind, std::string_view which);

  std::unique_ptr<State> state_;
};

}  // namespace penstock::testing
