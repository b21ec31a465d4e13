// One store, several processes, and what goes wrong between them: all in one thread, by one seed.
//
// First the faults: requests and replies are lost, late or slow, the store refuses, processes pause, stop
// and die. Then the faults end, and everything has to come to its end by itself.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "durable/lease_engine.hpp"
#include "memory/store.hpp"
#include "model/prng.hpp"
#include "simulation/events.hpp"
#include "simulation/ledger.hpp"
#include "simulation/request.hpp"

namespace penstock::simulation {

class Process;

// What may go wrong, each on or off for a whole run (swarm testing), and how often in a thousand calls.
struct Faults {
  bool refusals = false, lost_requests = false, lost_replies = false, late_requests = false, slow_calls = false;
  bool crashes = false, pauses = false, restarts = false;
  int per_mille = 0;
};

// How often each thing happened; a test in which nothing goes wrong proves nothing.
struct Tally {
  std::uint64_t calls = 0, starts = 0, refusals = 0, lost_requests = 0, lost_replies = 0, late_requests = 0,
                slow_calls = 0, crashes = 0, pauses = 0, restarts = 0, kills = 0, cancels = 0, lapses = 0, buried = 0,
                stale = 0;  // stale: settlements refused
  void add(const Tally& other);
  std::vector<std::pair<const char*, std::uint64_t>> rows() const;
};

class World {
 public:
  using Answer = std::function<void(Result<Exchanged>)>;

  // `log`: gets a line for everything that happens; may be null.
  explicit World(std::uint64_t seed, std::ostream* log = nullptr);
  ~World();
  // Plays to the end. Throws Violation.
  void run();
  std::uint64_t trace() const { return trace_; }  // a hash of all that happened
  const Tally& tally() const { return tally_; }

  // ---- for processes
  model::Prng random;
  Events events{random};
  Ledger ledger;
  Millis lease{1000};
  // Sends a call; `answer` is called later, once, unless the process is gone by then.
  void call(Process& from, const Exchange& x, Answer answer);
  Record record(const Leased& l);
  // The process dies, `by` one of its tasks or by a fault; another one takes its place.
  void crash(Process& process, const Fate* by = nullptr);
  void replace(Process& process);  // it has stopped in order
  void note(const char* what, int process = 0, std::uint64_t task = 0, std::uint64_t detail = 0);
  Tally& counting() { return tally_; }

 private:
  void make_tasks();
  void start_process(std::size_t place);
  // `unheard`: no answer will reach the process.
  Result<Exchanged> deliver(int process, const Request& request, bool unheard);
  void note_ends();
  bool weak(int process) const;
  void ring_all();
  void misfortune();
  bool over();
  memory::Now time() const { return {Time(events.now()), events.now()}; }

  std::ostream* log_;
  Faults faults_;
  Tally tally_;
  std::uint64_t trace_ = 0xcbf29ce484222325;
  memory::Store store_;
  std::uint64_t bell_ = 0;
  std::uint64_t ends_ = 0;  // tasks that had ended when the store was last asked
  bool calm_ = false;
  std::size_t places_ = 0;
  int last_process_ = 0;
  std::vector<std::shared_ptr<Process>> processes_;
};

}  // namespace penstock::simulation
