// What lies between a simulated worker and the store: it notes what is enqueued, and can be cut.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <penstock/plugin/wrapper.hpp>
#include <penstock/task.hpp>

namespace penstock::testing {

// The tasks that a store has accepted, each once, in order.
class EnqueueLog {
 public:
  struct Entry {
    TaskRef ref;
    Record record;
    Millis delay{};
    std::optional<Time> at;
  };
  void add(const NewTask& task);
  const std::vector<Entry>& entries() const noexcept { return entries_; }

 private:
  std::vector<Entry> entries_;
  std::set<std::string> known_;
};

// A store that belongs to somebody else, who outlives this.
class Loan final : public DurableBackend {
 public:
  explicit Loan(DurableBackend& store) noexcept : store_(store) {}
  void* query(std::string_view id) noexcept override { return store_.query(id); }
  Properties properties() const noexcept override { return store_.properties(); }
  Result<Exchanged> exchange(const Exchange& x) noexcept override { return store_.exchange(x); }
  Result<std::vector<Admission>> enqueue(std::span<const NewTask> tasks, const Guard* guard) noexcept override {
    return store_.enqueue(tasks, guard);
  }
  Result<std::vector<Item>> cancel(std::span<const TaskKey> keys) noexcept override { return store_.cancel(keys); }
  Result<std::vector<std::optional<Record>>> get(std::span<const TaskKey> keys) noexcept override {
    return store_.get(keys);
  }
  Result<std::vector<Counts>> counts() noexcept override { return store_.counts(); }
  Result<std::uint64_t> trim(const Retention& retention) noexcept override { return store_.trim(retention); }

 private:
  DurableBackend& store_;
};

class Line final : public BackendWrapper<Line> {
 public:
  Line(DurableBackend& store, EnqueueLog& log) : BackendWrapper(std::make_unique<Loan>(store)), log_(log) {}

  void cut() noexcept { cut_ = true; }
  bool is_cut() const noexcept { return cut_; }
  // It is cut when the store has taken the end of this attempt, before the answer comes back.
  void cut_at_end_of(TaskId id) { last_ = id; }

  template <class F>
  auto around(Call, F&& next) noexcept -> decltype(next()) {
    if (cut_) return Error{Errc::unavailable, "this worker is dead", true};
    return next();
  }
  Result<std::vector<Admission>> enqueue(std::span<const NewTask> tasks, const Guard* guard) noexcept override;
  Result<Exchanged> exchange(const Exchange& x) noexcept override;

 private:
  void note_children(const Exchange& x, const Exchanged& answer);

  EnqueueLog& log_;
  std::optional<TaskId> last_;
  bool cut_ = false;
};

}  // namespace penstock::testing
