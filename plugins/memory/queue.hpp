// One queue: its tasks and the state machine that moves them. Pure: no lock, no clock.
//
// A method that throws (out of memory) leaves every task in a state it may be in; the caller cannot
// know which items were done.
#pragma once

#include <array>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "flows.hpp"
#include "heap.hpp"
#include "index.hpp"
#include "log.hpp"
#include "pool.hpp"
#include "tombstones.hpp"
#include "unique_keys.hpp"

namespace penstock::memory {

// One exchange's claims, across its queues.
struct Claim {
  std::uint32_t limit = 0, begin = 0, ahead = 0;
  Millis until{};               // boot time
  std::vector<Leased>& leased;  // has room for what the queues hold
};

class Queue {
 public:
  explicit Queue(Pool& pool) : pool_(pool), flows_(pool) {}

  // Requires of all items: valid by themselves (shared/call_checks.hpp).
  Admission admit(const NewTask&, const Now&, bool limited);  // limited: heeds queue_limit and max_tasks
  Item settle(const Settlement&, const Now&);
  Item cancel(const TaskId&, const Now&);
  std::optional<Record> get(const TaskId&, const Now&);

  Extended extend(Epoch, Millis until);
  void refresh(const Now&);  // promotes due tasks, finds lapsed leases; to be called before claim()
  // Adds up to `most` tasks to those leased. `batch` is kNone, then the batch that this exchange made here.
  void claim(std::string_view name, std::uint32_t most, std::uint32_t& batch, Claim&, const Now&);
  std::optional<Millis> next_due(const Now&) noexcept;

  Counts counts(const std::string& name) const;
  std::uint64_t count(State s) const noexcept { return counts_[static_cast<std::size_t>(s)]; }
  bool used() const noexcept { return used_; }  // holds or held tasks
  std::uint64_t records() const noexcept { return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0}); }
  std::uint64_t trim(const Retention&, const Now&);
  bool forget(const Now&, std::uint32_t at_most) noexcept;  // old tombstones; true when more are left

  std::vector<std::pair<TaskId, Record>> list(const Filter&, std::uint64_t after, std::uint64_t& next,
                                              const Now&) const;
  Item move(const TaskId&, State from, State to, Millis delay, const Now&);

  Flows& gates() noexcept { return flows_; }
  const Flows& gates() const noexcept { return flows_; }

 private:
  // The ended tasks of one state that are kept.
  struct Ended {
    Log order;         // by end
    Heap keeps, past;  // by end of `keep`; by end, those whose `keep` has passed
    std::uint64_t bytes = 0;
  };

  std::uint32_t find(const TaskId&) const noexcept;
  std::uint32_t waiting(const TaskId&) const noexcept;
  void make(const NewTask&, const Now&);
  Record record(const Task&, const Now&) const;
  Ended& ended_as(State s) noexcept {
    return ended_[static_cast<std::size_t>(s) - static_cast<std::size_t>(State::succeeded)];
  }
  std::uint64_t& tally(State s) noexcept { return counts_[static_cast<std::size_t>(s)]; }

  // Transitions. They may throw before they change anything, and are then as if not called.
  void wait(std::uint32_t slot, Time due, const Now&);
  void end(std::uint32_t slot, State end, Millis keep, const Now&);
  void bury(std::uint32_t slot, State end, Time ended, Millis since, const Now&);  // leaves a tombstone
  void enter(Task&, State, const Now&) noexcept;  // out of one state and its structures, into another
  void unlease(Task&) noexcept;

  std::uint32_t open_batch(Claim&);
  void lease(std::uint32_t slot, std::string_view name, std::uint32_t& batch, Claim&, const Now&);
  void claim_lapsed(std::string_view name, std::size_t end_at, std::uint32_t& batch, Claim&, const Now&);
  void claim_ready(std::string_view name, std::size_t end_at, std::uint32_t& batch, Claim&, const Now&);

  Pool& pool_;
  Index index_;
  Tombstones gone_;
  Log arrivals_;  // all records
  Flows flows_;   // the ready ones
  UniqueKeys keys_;
  Heap scheduled_;
  Log batches_;           // by epoch
  Heap leases_, lapsed_;  // batches by end of lease; those that lapsed, by epoch
  std::uint64_t batches_live_ = 0;
  bool used_ = false;
  std::array<Ended, 3> ended_;
  std::array<std::uint64_t, kStates> counts_{};
};

}  // namespace penstock::memory
