// What the queues of one store share: the records, the counters, the bell, the limits.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "heap.hpp"
#include "index.hpp"
#include "log.hpp"
#include "slab.hpp"

namespace penstock::memory {

struct Now {
  Time wall{};
  Millis boot{};
};

template <class T>
constexpr T later(T t, Millis by) noexcept {
  return by.count() > 0 && t > T::max() - by ? T::max() : t + by;
}

struct Flow;

// The unique key that a task was enqueued with.
struct UniqueClaim {
  UniqueClaim(std::string_view k, Unique m) : key(k), mode(m) {}
  std::string key;
  Unique mode = Unique::live;
};

struct Task {
  TaskId id;
  Epoch epoch = 0;
  std::uint64_t arrival = 0;  // 0: the record is free
  std::int32_t priority = 0;
  std::uint16_t weight = 1;
  State state = State::ready;
  bool begun : 1 = false, stop : 1 = false, watched : 1 = false;
  std::uint32_t ticket = 0;  // of the heap entry that counts; see heap.hpp
  std::uint32_t failures = 0, crashes = 0;
  std::uint32_t batch = 0, place = 0;  // while leased
  std::uint64_t end = 0;               // sequence of the end while kept
  Time enqueued{}, due{}, ended{};
  Millis since{};        // boot time of the end
  Flow* flow = nullptr;  // while the record is used
  std::unique_ptr<UniqueClaim> unique;
  std::string kind, body, note;
};

// The tasks that one exchange took from one queue.
struct Batch {
  Epoch epoch = 0;  // 0: the record is free
  Millis until{};   // boot time
  std::uint32_t ticket = 0;
  std::uint32_t live = 0, head = 0;  // tasks still held; where the first of them may be
  bool asked = false;                // some task was asked to stop
  std::vector<std::uint32_t> tasks;  // kNone: settled or taken
  std::vector<TaskId> taken;         // by a claim after the lease lapsed, or by an operator
};

struct Limits {
  std::uint64_t max_body = 1 << 20;
  std::uint64_t max_tasks = 0;  // records in all; 0: none
  Millis remember{10'000};
};

// Changes count only while somebody has armed it, so that a busy store wakes nobody.
struct Bell {
  std::uint64_t count = 1;
  bool armed = false;
  void work() noexcept {
    if (armed) ring();
  }
  void ring() noexcept {
    ++count;
    armed = false;
  }
};

struct Pool {
  Pool(const Limits& l, std::uint64_t seed) : limits(l), hash(seed) {}

  bool full() const noexcept { return limits.max_tasks != 0 && tasks.used() >= limits.max_tasks; }
  void free_task(std::uint32_t slot) noexcept;
  void free_batch(std::uint32_t ref) noexcept;

  // What makes the entries of heaps and logs live.
  auto task_ticket() const noexcept {
    return [this](const Heap::Entry& e) { return tasks[e.ref].ticket == e.ticket; };
  }
  auto batch_ticket() const noexcept {
    return [this](const Heap::Entry& e) { return batches[e.ref].ticket == e.ticket; };
  }
  auto arrived() const noexcept {
    return [this](const Log::Entry& e) { return tasks[e.ref].arrival == e.key; };
  }
  auto held() const noexcept {
    return [this](const Log::Entry& e) { return batches[e.ref].epoch == e.key; };
  }
  auto kept() const noexcept {
    return [this](const Log::Entry& e) { return tasks[e.ref].end == e.key; };
  }

  const Limits limits;
  const IdHash hash;
  Slab<Task> tasks;
  Slab<Batch> batches;
  std::uint64_t arrivals = 0, ends = 0;
  Epoch epochs = 0;
  Bell bell;
};

}  // namespace penstock::memory
