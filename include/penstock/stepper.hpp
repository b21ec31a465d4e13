// Drives a manager by hand: in place of its threads, a step at a time, in the caller's thread. The manager is
// the same in all else: the same lease engine, retries, middleware and hooks. For tests (penstock/testing.hpp
// is built on it) and for programs that have an event loop of one thread.
//
//   penstock::Stepper stepper(tasks);                              // instead of tasks.start()
//   while (stepper.step() != penstock::Stepper::Did::nothing) {}   // all that can be done now
//
// A call of the manager's that would wait (await, result, run, drain, wait_idle, a full queue that blocks, next()
// of its Results) throws Errc::invalid instead: while it waited nobody would take a step. Records of old tasks are not
// tidied up. Thread: one at a time. From a handler everything but its own manager's step() may be called; a manager
// that is destroyed there stops when the handler has returned.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <penstock/clock.hpp>

namespace penstock {

class TaskManager;
namespace impl {
class Manager;
}

class PENSTOCK_API Stepper {
 public:
  enum class Did : std::uint8_t {
    nothing,    // and nothing can be done until time passes, or somebody enqueues
    exchanged,  // took tasks from the store, or told it what became of some
    ran,        // one attempt of one task
  };

  // Starts the manager, whose threads are never started. Handlers and middleware are fixed from here on.
  // `seed`: of all jitter, of retries and of pauses after errors of the store. Throws: invalid when threads of it run
  // already, and as start() does.
  explicit Stepper(TaskManager& tasks, std::uint64_t seed = 1);
  ~Stepper();
  Stepper(const Stepper&) = delete;
  Stepper& operator=(const Stepper&) = delete;

  // One turn of a worker: runs a task that is due, or else says and asks what there is to say to the store.
  // Before that it does what beat() does, but learns of cancels only every 20 ms by the manager's clock: to spare
  // the store a call for each attempt.
  Did step();
  // What keeper and watchdog do: extends leases, strikes timeouts, drops what has lapsed. To be called at least
  // every third of a lease while beat() is true: something is leased here.
  bool beat();
  // When time alone may bring something to do; absent: never. Exact after a step that did nothing.
  std::optional<Clock::Instant> next() const;
  // `f` is called at the end of every call that put tasks in through this manager, in its thread.
  void when_accepted(std::function<void()> f);
  // As if the process had died: it says nothing to the store any more, its leases lapse, and its Results end. Not
  // from a handler.
  void abandon() noexcept;

 private:
  std::shared_ptr<impl::Manager> manager_;
};

}  // namespace penstock
