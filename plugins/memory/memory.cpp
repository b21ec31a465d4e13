// The `memory` plugin: a Store behind one lock, with a clock and a bell to wait at.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <time.h>

#include <penstock/plugin/plugin.hpp>
#include <penstock/plugin/time.hpp>

#include "../shared/call_checks.hpp"
#include "leaders.hpp"
#include "store.hpp"

namespace penstock::memory {
namespace {

constexpr Setting kSettings[] = {
    {.key = "max_body",
     .kind = Kind::size,
     .fallback = "1088KiB",
     .doc = "Most octets of a body, and of a note.",
     .min = 1},
    {.key = "remember",
     .kind = Kind::duration,
     .fallback = "10s",
     .doc = "How long an ended id is known at the least.",
     .min = 0},
    {.key = "max_tasks",
     .kind = Kind::integer,
     .fallback = "0",
     .doc = "Most tasks held, in all queues and states; further ones are refused as full. 0: no limit.",
     .min = 0},
};

Millis os_boot() noexcept {
  timespec t{};
  clock_gettime(CLOCK_BOOTTIME, &t);
  return std::chrono::duration_cast<Millis>(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

// Thread: any. The store is touched only in `with`.
class Memory final : public DurableBackend,
                     public Waiter,
                     public Registry,
                     public Browser,
                     public Gates,
                     public Leadership {
 public:
  Memory(const Limits& limits, TimeSource* time)
      : limits_(limits),
        time_(time),
        store_(limits, (std::uint64_t{std::random_device{}()} << 32) | std::random_device{}()) {}

  static Result<std::unique_ptr<DurableBackend>> open(Host& host, const Settings& s) {
    const Limits limits{.max_body = static_cast<std::uint64_t>(s.integer("max_body")),
                        .max_tasks = static_cast<std::uint64_t>(s.integer("max_tasks")),
                        .remember = s.duration("remember")};
    return std::unique_ptr<DurableBackend>(
        std::make_unique<Memory>(limits, static_cast<TimeSource*>(host.query(TimeSource::kId))));
  }

  void* query(std::string_view id) noexcept override {
    if (id == Waiter::kId) return static_cast<Waiter*>(this);
    if (id == Registry::kId) return static_cast<Registry*>(this);
    if (id == Browser::kId) return static_cast<Browser*>(this);
    if (id == Gates::kId) return static_cast<Gates*>(this);
    if (id == Leadership::kId) return static_cast<Leadership*>(this);
    return nullptr;
  }

  Properties properties() const noexcept override {
    return {.features = kUnique | kFair | kGates | kGuard | kChildren | kLimit | kStrictOrder,
            .max_batch = shared::kMaxBatch,
            .max_body = limits_.max_body,
            .durability = "memory",
            .remembers_ids = limits_.remember};
  }

  Result<Exchanged> exchange(const Exchange& x) noexcept override {
    return change([&](Store& s, const Now& now) { return s.exchange(x, now); });
  }
  Result<std::vector<Admission>> enqueue(std::span<const NewTask> tasks, const Guard* guard) noexcept override {
    return change([&](Store& s, const Now& now) { return s.enqueue(tasks, guard, now); });
  }
  Result<std::vector<Item>> cancel(std::span<const TaskKey> keys) noexcept override {
    return change([&](Store& s, const Now& now) { return s.cancel(keys, now); });
  }
  Result<std::vector<std::optional<Record>>> get(std::span<const TaskKey> keys) noexcept override {
    return with([&](Store& s, const Now& now) { return s.get(keys, now); });
  }
  Result<std::vector<Counts>> counts() noexcept override {
    return with([&](Store& s, const Now&) { return s.counts(); });
  }
  Result<std::uint64_t> trim(const Retention& r) noexcept override {
    Result<std::uint64_t> done = change([&](Store& s, const Now& now) { return s.trim(r, now); });
    if (!done) return done;
    // A busy queue leaves millions of tombstones: others get the lock in between.
    Result<bool> more = true;
    while (more && *more) {
      more = with([&](Store& s, const Now& now) -> Result<bool> { return s.forget(r.queue, now, 4096); });
    }
    return done;
  }

  Result<std::uint64_t> wait(std::uint64_t bell, Millis at_most) noexcept override {
    constexpr Millis kLong = std::chrono::hours(24);  // keeps the deadline's arithmetic from overflowing
    return guard([&]() -> Result<std::uint64_t> {
      const auto deadline = std::chrono::steady_clock::now() + std::clamp(at_most, Millis::zero(), kLong);
      std::unique_lock lock(mutex_);
      rung_.wait_until(lock, deadline, [&] { return store_.bell() != bell; });
      return store_.bell();
    });
  }
  void interrupt() noexcept override {
    (void)with([](Store& s, const Now&) -> Result<bool> {
      s.ring();
      return true;
    });
  }

  Result<std::vector<Document>> list(std::string_view prefix) noexcept override {
    return with([&](Store& s, const Now&) { return s.documents(prefix); });
  }
  Result<std::uint64_t> put(const Document& d) noexcept override {
    return change([&](Store& s, const Now&) { return s.put(d); });
  }

  Result<std::vector<std::pair<TaskId, Record>>> list(const Filter& f, std::string& next) noexcept override {
    return with([&](Store& s, const Now& now) { return s.list(f, next, now); });
  }
  Result<std::vector<Item>> move(std::span<const TaskKey> keys, State from, State to, Millis delay) noexcept override {
    return change([&](Store& s, const Now& now) { return s.move(keys, from, to, delay, now); });
  }

  Result<void> limit(std::string_view queue, std::string_view gate, Layer layer, const Limit* limit) noexcept override {
    return change([&](Store& s, const Now& now) { return s.limit(queue, gate, layer, limit, now); });
  }
  Result<void> hold(std::string_view queue, std::string_view gate, Millis at_most) noexcept override {
    return change([&](Store& s, const Now& now) { return s.hold(queue, gate, at_most, now); });
  }
  Result<std::vector<GateState>> gates(std::string_view queue) noexcept override {
    return with([&](Store& s, const Now& now) { return s.gates(queue, now); });
  }

  Result<Term> campaign(std::string_view name, std::string_view candidate, Millis ttl) noexcept override {
    return with([&](Store&, const Now& now) { return leaders_.campaign(name, candidate, ttl, now.boot); });
  }
  Result<bool> renew(std::string_view name, std::uint64_t term, Millis ttl) noexcept override {
    return with([&](Store&, const Now& now) { return leaders_.renew(name, term, ttl, now.boot); });
  }
  Result<bool> resign(std::string_view name, std::uint64_t term) noexcept override {
    return with([&](Store&, const Now& now) { return leaders_.resign(name, term, now.boot); });
  }
  Result<Term> term(std::string_view name) noexcept override {
    return with([&](Store&, const Now& now) { return leaders_.term(name, now.boot); });
  }

 private:
  Now now() noexcept {
    if (time_) return {time_->wall(), time_->boot()};
    return {std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()), os_boot()};
  }

  // Runs `f` on the locked store, and wakes the waiters if it rang the bell.
  template <class F>
  auto with(F f) noexcept -> decltype(f(std::declval<Store&>(), Now{})) {
    bool rang = false;
    auto result = guard([&]() -> decltype(f(store_, Now{})) {
      const Now time = now();
      std::lock_guard lock(mutex_);
      const std::uint64_t before = store_.bell();
      struct Listen {
        ~Listen() { rang = store.bell() != before; }
        const Store& store;
        const std::uint64_t before;
        bool& rang;
      } listen{store_, before, rang};
      return f(store_, time);
    });
    if (rang) rung_.notify_all();
    return result;
  }

  // The same for what changes the store: a batch that ran out of memory may be done in part.
  template <class F>
  auto change(F f) noexcept -> decltype(f(std::declval<Store&>(), Now{})) {
    auto result = with(f);
    if (result) return result;
    const Error& e = result.error();
    if (e.code != Errc::resource_exhausted && e.code != Errc::internal) return result;
    return Error{Errc::unknown_outcome, e.message, true};
  }

  const Limits limits_;
  TimeSource* const time_;
  std::mutex mutex_;
  std::condition_variable rung_;
  Store store_;
  Leaders leaders_;  // with the store's lock
};

}  // namespace

PENSTOCK_PLUGIN(memory, "0.1.0", "MIT",
                component<DurableBackend, Memory, Waiter, Registry, Browser, Gates, Leadership>(
                    "memory", "Tasks in this process's memory: the fastest, and gone when it ends.", kSettings));

}  // namespace penstock::memory
