// The store: backend.hpp's calls, with the time passed in. Pure: no lock, no clock.
//
// An exception (out of memory) means that a part of the batch may have been done.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "documents.hpp"
#include "pool.hpp"
#include "queue.hpp"

namespace penstock::memory {

class Store {
 public:
  // `seed`: of the id hash; not to be guessed by whoever makes the ids.
  Store(const Limits& limits, std::uint64_t seed) : pool_(limits, seed) {}

  Result<Exchanged> exchange(const Exchange&, const Now&);
  Result<std::vector<Admission>> enqueue(std::span<const NewTask>, const Guard*, const Now&);
  Result<std::vector<Item>> cancel(std::span<const TaskKey>, const Now&);
  Result<std::vector<std::optional<Record>>> get(std::span<const TaskKey>, const Now&);
  Result<std::vector<Counts>> counts() const;
  Result<std::uint64_t> trim(const Retention&, const Now&);
  // The other half of trim: lets old tombstones go. True when more are left.
  bool forget(std::string_view queue, const Now&, std::uint32_t at_most) noexcept;

  Result<std::vector<std::pair<TaskId, Record>>> list(const Filter&, std::string& next, const Now&);
  Result<std::vector<Item>> move(std::span<const TaskKey>, State from, State to, Millis delay, const Now&);

  Result<std::vector<Document>> documents(std::string_view prefix) const { return documents_.list(prefix); }
  Result<std::uint64_t> put(const Document&);

  Result<void> limit(std::string_view queue, std::string_view gate, Layer, const Limit*, const Now&);
  Result<void> hold(std::string_view queue, std::string_view gate, Millis at_most, const Now&);
  Result<std::vector<GateState>> gates(std::string_view queue, const Now&) const;

  std::uint64_t bell() const noexcept { return pool_.bell.count; }
  void ring() noexcept { pool_.bell.ring(); }

 private:
  using Queues = std::map<std::string, Queue, std::less<>>;

  // Finds queues by name; consecutive equal names cost one look-up.
  class Finder {
   public:
    explicit Finder(Queues& queues) : queues_(queues) {}
    Queue* operator()(std::string_view name);

   private:
    Queues& queues_;
    std::string_view name_;
    Queue* found_ = nullptr;
  };

  Admission admit(const NewTask&, Finder&, const Now&);
  void claim(const Exchange&, Exchanged&, const Now&);
  Queue* queue_for_gate(std::string_view queue);
  template <class Do>
  std::vector<Item> each(std::span<const TaskKey>, Do);

  Pool pool_;
  Queues queues_;
  Documents documents_;
  Millis held_until_{};  // everything; boot time
};

}  // namespace penstock::memory
