// The in-memory tasks of this process: from submit until retention lets them go.
//
// A slab: a task's id names its slot and the slot's generation, so looking one up costs an index, and a
// slot used again allocates nothing. Ended tasks form a list, oldest first, cut to the limits at each end.
// Pure data: no lock, no clock.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <penstock/handler.hpp>
#include <penstock/task.hpp>

#include "execution/runnable.hpp"

namespace penstock::results {

using execution::Instant;

// What few tasks have: kept apart, so that the others are small.
struct LocalDetails {
  std::string name;
  std::optional<std::uint32_t> retries;
  std::optional<Millis> backoff, timeout;
  void* handler_stats = nullptr;
};

struct LocalTask : execution::Runnable {
  std::uint32_t slot = 0;
  std::uint32_t generation = 1;
  Status status = Status::queued;
  bool cancel_requested = false;
  bool pinned = false;  // a thread is inside its closure: the slot stays, even when the task has ended
  std::uint32_t failures = 0;
  impl::Closure closure;
  std::unique_ptr<LocalDetails> details;
  std::unique_ptr<ResultValue> result;
  std::string error;
  Instant submitted{}, ended{};
  std::uint64_t octets = 0;  // once it has ended: what it counts against the limit
};

struct RetentionLimits {
  std::size_t count = 10'000;
  Millis age{900'000};
  std::uint64_t bytes = 64 << 20;  // of the tasks' own records, errors and results, about
};

class LocalRegistry {
 public:
  explicit LocalRegistry(RetentionLimits limits);

  LocalTask& add();
  LocalTask* find(const TaskId& id) noexcept;  // null: never was, or was let go
  TaskId id_of(const LocalTask& task) const noexcept;
  bool owns(const TaskId& id) const noexcept;  // made by this registry, whether still known or not

  // The task has ended: it joins the list. Then lets go what is beyond the limits. What slots held is
  // moved to `garbage`, for the caller to destroy without a lock: it is user code.
  void ended(LocalTask& task, Instant now, std::vector<std::unique_ptr<ResultValue>>& garbage);
  void trim(Instant now, std::vector<std::unique_ptr<ResultValue>>& garbage);
  std::unique_ptr<ResultValue> take_result(LocalTask& task);  // of an ended task; null: none, or taken before
  void unpin(LocalTask& task);

  std::size_t active() const noexcept { return active_; }
  std::size_t kept() const noexcept { return kept_; }
  std::uint64_t kept_octets() const noexcept { return octets_; }
  template <class F>
  void for_each_active(F&& f) {
    for (auto& chunk : chunks_) {
      for (LocalTask& task : *chunk) {
        if (task.generation % 2 == 0 && !penstock::ended(task.status)) f(task);
      }
    }
  }

 private:
  static constexpr std::size_t kChunk = 256;
  using Chunk = std::array<LocalTask, kChunk>;
  void free(LocalTask& task, std::vector<std::unique_ptr<ResultValue>>* garbage);
  void unlink(LocalTask& task);
  static std::uint64_t octets(const LocalTask& task) noexcept;

  RetentionLimits limits_;
  std::array<unsigned char, 8> nonce_{};  // tells this manager's tasks from another's
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::vector<LocalTask*> free_;
  LocalTask* oldest_ = nullptr;
  LocalTask* newest_ = nullptr;
  std::size_t active_ = 0, kept_ = 0;
  std::uint64_t octets_ = 0;
};

}  // namespace penstock::results
