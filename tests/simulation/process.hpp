// A process: a lease engine, and around it what the manager's threads do: run handlers, exchange, keep
// leases, watch.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "durable/lease_engine.hpp"
#include "simulation/world.hpp"

namespace penstock::simulation {

class Process : public std::enable_shared_from_this<Process> {
 public:
  Process(World& world, int number);

  void begin();
  void pause(Millis how_long);
  void stop();  // in order: gives back what has not started, lets the rest finish
  void die() { dead_ = true; }
  void rung();  // the store's bell
  int number() const { return number_; }
  bool idle() const { return running_.empty() && engine_.held() == 0 && engine_.quiet(); }

  // Runs `f` that much later, once the process is awake; not at all when it is gone by then.
  void after(Millis delay, std::function<void(Process&)> f);
  // Something is wrong between it and the store, from now until `heal`.
  void weaken();
  void heal() { --weak_; }
  bool weak() const { return weak_ > 0 || paused_until_ > world_.events.now(); }

 private:
  using Task = durable::Task;
  struct Run {
    Task* task;
    std::size_t number;  // of the task; it may be gone when its handler comes back
    Millis since{};
    bool stop = false;
  };

  execution::Instant now() const { return execution::Instant(world_.events.now() + skew_); }
  durable::Demand demand() const;
  void step();
  void start_ready();
  void plan_wake();
  void apply(durable::Changes& changes);
  void admit(Task& task);
  void finish(std::uint64_t run);
  void conclude(Task& task, Fate& fate, bool stop);
  void watch();
  void keep(bool all);
  void tell(Task& task, State end);

  World& world_;
  const int number_;
  const Millis skew_;  // each process has a clock of its own
  const std::uint32_t threads_;
  const bool limited_;    // by a rate: does not lease ahead
  const bool forgetful_;  // has no handler for some tasks
  durable::LeaseEngine engine_;
  std::vector<Task*> ready_;
  std::map<std::uint64_t, Run> running_;
  std::uint64_t runs_ = 0;
  bool keeping_ = false, keep_again_ = false, stopping_ = false, dead_ = false;
  int weak_ = 0;
  Millis paused_until_{}, wake_at_{};
};

}  // namespace penstock::simulation
