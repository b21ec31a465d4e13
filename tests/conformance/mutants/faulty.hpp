// A decorator that bends what goes into a backend and what comes out of it.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <penstock/plugin/backend.hpp>
#include <penstock/plugin/leadership.hpp>

namespace penstock::conformance {

// Each hook that is set changes its argument in place; empty ones change nothing.
struct Faults {
  std::function<void(NewTask&)> task;
  std::function<void(Admission&)> admission;
  std::function<void(std::vector<Admission>&)> admissions;
  std::function<void(const NewTask&, Admission&)> admitted;  // the task as it was sent
  std::function<void(Settlement&, DurableBackend&)> settlement;
  std::function<void(const Settlement&, Item&, DurableBackend&)> settled;
  std::function<void(Exchange&)> exchange;
  std::function<void(Share&)> share;
  std::function<void(Exchanged&)> exchanged;
  std::function<void(Item&)> cancelled;
  std::function<void(std::optional<Record>&)> record;
  std::function<void(std::vector<Counts>&)> counts;
  std::function<void(Retention&)> retention;
  std::function<void(std::uint64_t&)> trimmed;
  std::function<void(Properties&)> properties;
  std::function<void(const Guard*&)> guard;
  std::function<void(std::uint64_t asked, std::uint64_t& bell)> bell;
  std::function<void(Document&, std::uint64_t now)> document;  // the revision it is at
  std::function<void(Filter&)> filter;
  std::function<void(std::vector<std::pair<TaskId, Record>>&, std::string& next)> page;
  std::function<void(Item&)> moved;
  std::function<void(Layer&, Limit&)> limit;
  std::function<void(std::string_view& gate, Millis&)> hold;
  std::function<void(std::vector<GateState>&)> gates;
  std::function<void(Millis& ttl)> term_time;
  std::function<void(Term&)> term;  // as it is told
  std::function<void(std::uint64_t& term, const Term& now)> named_term;
  std::function<void(bool&)> renewed;
  std::string_view hidden;    // the capability that query() denies
  std::size_t split = 0;      // batches of new tasks are sent on in pieces of this size
  bool lose_cancels = false;  // cancels are answered, not done
};

class Faulty final : public DurableBackend,
                     public Waiter,
                     public Registry,
                     public Browser,
                     public Gates,
                     public Leadership {
 public:
  Faulty(std::unique_ptr<DurableBackend> sound, Faults faults) : in_(std::move(sound)), f_(std::move(faults)) {}

  void* query(std::string_view id) noexcept override;
  Properties properties() const noexcept override;
  Result<Exchanged> exchange(const Exchange&) noexcept override;
  Result<std::vector<Admission>> enqueue(std::span<const NewTask>, const Guard*) noexcept override;
  Result<std::vector<Item>> cancel(std::span<const TaskKey>) noexcept override;
  Result<std::vector<std::optional<Record>>> get(std::span<const TaskKey>) noexcept override;
  Result<std::vector<Counts>> counts() noexcept override;
  Result<std::uint64_t> trim(const Retention&) noexcept override;

  Result<std::uint64_t> wait(std::uint64_t bell, Millis at_most) noexcept override;
  void interrupt() noexcept override;
  Result<std::vector<Document>> list(std::string_view prefix) noexcept override;
  Result<std::uint64_t> put(const Document&) noexcept override;
  Result<std::vector<std::pair<TaskId, Record>>> list(const Filter&, std::string& next) noexcept override;
  Result<std::vector<Item>> move(std::span<const TaskKey>, State from, State to, Millis delay) noexcept override;
  Result<void> limit(std::string_view queue, std::string_view gate, Layer, const Limit*) noexcept override;
  Result<void> hold(std::string_view queue, std::string_view gate, Millis at_most) noexcept override;
  Result<std::vector<GateState>> gates(std::string_view queue) noexcept override;
  Result<Term> campaign(std::string_view name, std::string_view candidate, Millis ttl) noexcept override;
  Result<bool> renew(std::string_view name, std::uint64_t term, Millis ttl) noexcept override;
  Result<bool> resign(std::string_view name, std::uint64_t term) noexcept override;
  Result<Term> term(std::string_view name) noexcept override;

 private:
  template <class Hook, class... Args>
  void bend(const Hook& hook, Args&&... args) const {
    if (hook) hook(std::forward<Args>(args)...);
  }
  template <class Cap>
  Cap& sound() {
    return *penstock::query<Cap>(*in_);
  }

  std::unique_ptr<DurableBackend> in_;
  const Faults f_;
};

}  // namespace penstock::conformance
