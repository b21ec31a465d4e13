// What the simulation knows of each task beside the store: what it will do, what became of it, and what
// is allowed to have become of it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <penstock/plugin/backend.hpp>

namespace penstock::simulation {

// A broken promise: ends the run.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Fate {
  // What its handler does.
  bool poison = false;        // kills the process
  std::uint32_t fails = 0;    // attempts that fail before one succeeds
  std::uint32_t snoozes = 0;  // attempts that ask for later, before that
  Millis runs{};
  std::string queue;
  // What happened to it.
  std::uint32_t starts = 0;    // of its handler
  std::uint32_t finished = 0;  // starts that came back and asked to be run again
  std::uint32_t kills = 0;     // processes it killed while it held a lease
  std::uint32_t released = 0;  // given back before it had started
  std::uint32_t unheard = 0;   // claims on which their process may not have acted
  std::uint32_t hits = 0;      // faults that came between it and its holder
  std::uint32_t lapses = 0;    // claims that found it with a lapsed lease
  std::uint32_t ends = 0;      // settlements that took it to its end, at the store
  std::uint32_t told = 0;      // ends told to those who listen
  Epoch claimed = 0;           // of the last claim
  Epoch started = 0;           // of the last start
  int holder = 0;              // process that claimed it last
  bool cancel = false;         // somebody asked for it
  bool enqueued = false;
};

class Ledger {
 public:
  static constexpr std::uint32_t kRetries = 2, kMaxCrashes = 3;

  std::vector<Fate> tasks;

  static TaskId id(std::size_t n) {
    TaskId out;
    out.bytes[14] = static_cast<unsigned char>(n >> 8);
    out.bytes[15] = static_cast<unsigned char>(n);
    return out;
  }
  static std::size_t number(const TaskId& id) { return id.bytes[14] * 256u + id.bytes[15]; }
  Fate& of(const TaskId& id) { return tasks.at(number(id)); }

  // A claim reached the store. `weak`: something is wrong between its process and the store, or it is dead.
  void claimed(const Leased&, int process, bool weak);
  // A handler is about to start; `record` is what the store has of the task now.
  void starts(const Leased&, bool suspect, const Record& record);
  // The store ended a task.
  void ended(const TaskId&);
  // Something befell the tasks that `process` holds; `running`: of these, the one whose start it knows of.
  void hit(int process, const Fate* running = nullptr);
  // Everything is over: what the store has at last.
  void closing(const TaskId&, const Record&);
};

}  // namespace penstock::simulation
