// A manager whose store fails, loses its answers and is late: by the wrapper `fault`, inside of `metrics`.
#include <algorithm>
#include <array>
#include <atomic>
#include <set>
#include <vector>

#include "fixture.hpp"
#include "wrapped.hpp"

using namespace penstock;

namespace {

constexpr std::size_t kTasks = 300;
constexpr Policy kShaky{.kind = "shaky", .queue = "jobs", .retries = 1, .backoff = 1ms, .jitter = false};

Options faulty(const Store& store, std::int64_t seed) {
  Options o = store.options();
  o.threads = 4;
  o.lease = 200ms;         // what a claim took whose answer was lost is offered again then
  o.max_crashes = 10'000;  // and the store may take it for begun
  o.backend.wrap = {
      {.use = "metrics"},
      {.use = "fault",
       .settings = {
           {"seed", seed}, {"error", 0.1}, {"unknown", 0.1}, {"delayed", 0.02}, {"delay", std::string("1ms")}}}};
  return o;
}

// Calls until the store does not fail; it may have done it the first time.
template <class F>
auto insist(F call) {
  for (int left = 1000;; --left) {
    try {
      return call();
    } catch (const Exception& e) {
      if (left == 0 || (e.code() != Errc::unavailable && e.code() != Errc::unknown_outcome)) throw;
    }
  }
}

}  // namespace

TEST_CASE("with a store that fails and loses answers no task is lost, and each end and failure counts once") {
  Store store(every_backend());
  const std::int64_t seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  std::array<std::atomic<int>, kTasks> runs{};
  std::vector<TaskRef> refs;
  {
    auto tasks = TaskManager::open(faulty(store, seed));
    tasks.handle(kShaky, [&](Context& ctx) -> Outcome {
      const auto n = static_cast<std::size_t>(std::stoi(std::string(ctx.payload())));
      ++runs[n];
      if (n % 3 == 0 && ctx.task().attempt - ctx.task().crashes == 1) return retry("the first time");
      return done(std::string(ctx.payload()));
    });
    tasks.start();
    for (std::size_t n = 0; n < kTasks; ++n) {
      const TaskId id = make_task_id();
      refs.push_back(insist([&] { return tasks.enqueue_bytes(kShaky, std::to_string(n), {.id = id}); }));
    }
    CHECK(tasks.drain() == 0);
    const Metrics m = tasks.metrics();
    CHECK(m.total.completed == kTasks);
    // A retry whose answer was lost may run again before it is said again: then it counts as lost.
    CHECK(m.total.retried <= kTasks / 3);
    CHECK(m.total.retried + m.total.lost >= kTasks / 3);
    CHECK(m.total.failed == 0);
    std::set<Errc> sorts;  // of all calls: how many exchanges there are is a matter of time
    for (const CallStats& c : m.backend_calls) {
      for (const auto& [code, count] : c.errors) sorts.insert(code);
    }
    CHECK(sorts == std::set<Errc>{Errc::unavailable, Errc::unknown_outcome});
  }
  Options sound = store.options();
  if (sound.backend.use == "memory") return;  // it ended with its manager
  auto tasks = TaskManager::open(sound);
  for (std::size_t n = 0; n < kTasks; ++n) {
    CAPTURE(n);
    CHECK(runs[n] >= 1);
    auto info = tasks.info(refs[n]);
    REQUIRE(info);
    CHECK(info->status == Status::succeeded);
    CHECK(info->failures == (n % 3 == 0 ? 1 : 0));
    CHECK(info->result == std::to_string(n));
  }
  CHECK(tasks.counts()[0].by_state[static_cast<std::size_t>(State::succeeded)] == kTasks);
}

TEST_CASE("children in another queue are sent again when nobody knows whether they were, and are there once") {
  Between between;
  std::atomic<int> lost{0}, children{0};
  between.after_enqueue = [&](std::span<const NewTask> tasks) -> Result<void> {
    if (tasks[0].key.queue != "elsewhere" || ++lost > 2) return {};
    return Error{Errc::unknown_outcome, "the answer was lost", true};
  };
  Options o = wrapped_options(between);
  auto tasks = TaskManager::open(o);
  tasks.handle(Policy{.kind = "parent", .queue = "jobs", .retries = 0},
               [&](Context& ctx) { expect(bool(ctx.add_child({.kind = "child", .queue = "elsewhere"}, "", ""))); });
  tasks.handle(Policy{.kind = "child"}, [&](Context&) { ++children; });
  const TaskRef parent = tasks.enqueue_bytes({.kind = "parent", .queue = "jobs"}, "", {.keep_result = 1min});
  CHECK(tasks.drain() == 0);
  CHECK(lost == 3);
  CHECK(children == 1);
  CHECK(tasks.info(parent)->status == Status::succeeded);
}

TEST_CASE("an attempt that is made again adds the children that were there, and no others") {
  Between between;
  std::atomic<int> sent{0}, children{0};
  between.after_enqueue = [&](std::span<const NewTask> tasks) -> Result<void> {
    if (tasks[0].key.queue != "elsewhere" || ++sent > 3) return {};  // so often it is sent by one attempt
    return Error{Errc::unknown_outcome, "the answer was lost", true};
  };
  Options o = wrapped_options(between);
  auto tasks = TaskManager::open(o);
  tasks.handle(Policy{.kind = "parent", .queue = "jobs", .retries = 1, .backoff = Millis(1)},
               [&](Context& ctx) { expect(bool(ctx.add_child({.kind = "child", .queue = "elsewhere"}, "", ""))); });
  tasks.handle(Policy{.kind = "child"}, [&](Context&) { ++children; });
  tasks.enqueue_bytes({.kind = "parent", .queue = "jobs"}, "");
  CHECK(tasks.drain() == 0);
  CHECK(sent == 4);
  CHECK(children == 1);
}

TEST_CASE("what a backend counts of its calls stands in the manager's metrics") {
  Store store(every_backend());
  CHECK(TaskManager::open(store.options()).metrics().backend_calls.empty());
  Options o = store.options();
  o.backend.wrap = {{.use = "metrics"}};
  auto tasks = TaskManager::open(o);
  tasks.handle<Job>([](const Job&) {});
  tasks.enqueue(Job{});
  tasks.enqueue(Job{});
  CHECK(tasks.drain() == 0);
  const Metrics m = tasks.metrics();
  for (const CallStats& c : m.backend_calls) CHECK(c.errors.empty());
  const auto enqueues = std::ranges::find(m.backend_calls, "enqueue", &CallStats::call);
  const auto exchanges = std::ranges::find(m.backend_calls, "exchange", &CallStats::call);
  REQUIRE(enqueues != m.backend_calls.end());
  CHECK(enqueues->latency.count == 2);
  REQUIRE(exchanges != m.backend_calls.end());
  CHECK(exchanges->latency.count >= m.exchanges);
  CHECK_THAT(to_prometheus(m), Catch::Contains("penstock_backend_call_seconds_count{call=\"enqueue\"} 2\n"));
}

TEST_CASE("wrappers that are unknown, none, or there twice are refused in one line") {
  Options o = Store("memory").options();
  o.backend.wrap = {{.use = "metrcs"}};
  CHECK_THAT(why(o), Catch::StartsWith("backend wrapper \"metrcs\" is not to be found; tried built in: ") &&
                         Catch::EndsWith("; did you mean \"metrics\"?"));
  o.backend.wrap = {{.use = "sqlite"}};
  CHECK(why(o) == "backend \"sqlite\" is no wrapper: it goes into backend.use");
  o.backend.wrap = {{.use = "metrics"}, {.use = "fault"}, {.use = "metrics"}};
  CHECK(why(o) == "backend.wrap: \"metrics\" stands there twice");
  o.backend.wrap = {{.use = "fault", .settings = {{"eror", 0.5}}}};
  CHECK(why(o) == "backend.fault.eror: unknown key; did you mean \"error\"?");
  o.backend = {.use = "metrics"};
  CHECK(why(o) == "backend \"metrics\" is a wrapper: it goes into backend.wrap, around what backend.use names");
}

TEST_CASE("a store of which one server is away: what goes there is sent again, and told when that is in vain") {
  Between between;
  std::atomic<int> times{0}, children{0};  // how many items find it away
  between.away = [&](std::string_view queue) { return queue == "far" && times-- > 0; };
  Options o = wrapped_options(between);
  auto tasks = TaskManager::open(o);
  tasks.handle(Policy{.kind = "parent", .queue = "jobs", .retries = 1, .backoff = 1ms, .jitter = false},
               [&](Context& ctx) { expect(bool(ctx.add_child({.kind = "child", .queue = "far"}, "", ""))); });
  tasks.handle(Policy{.kind = "child", .queue = "far"}, [&](Context&) { ++children; });
  const auto unknown = [](auto call) {
    try {
      call();
    } catch (const Exception& e) {
      return e.error().code == Errc::unknown_outcome && e.error().retryable;
    }
    return false;
  };
  times = 2;
  const TaskRef there = tasks.enqueue_bytes({.kind = "child", .queue = "far"}, "");
  CHECK(times == -1);
  times = 1'000;
  CHECK(unknown([&] { tasks.enqueue_bytes({.kind = "child", .queue = "far"}, ""); }));
  CHECK(times == 997);
  CHECK(unknown([&] { (void)tasks.cancel(there); }));
  times = 3;  // all tries of the first attempt
  const TaskRef parent = tasks.enqueue_bytes({.kind = "parent", .queue = "jobs"}, "", {.keep_result = 1min});
  CHECK(tasks.drain() == 0);
  CHECK(children == 2);
  CHECK(tasks.info(parent)->status == Status::succeeded);
}

TEST_CASE("a store of which one server is away: what is to be said of its tasks is said when it is back") {
  Between between;
  std::atomic<int> times{3};
  between.away = [&](std::string_view queue) { return queue == "far" && times-- > 0; };
  Options o = wrapped_options(between);
  auto tasks = TaskManager::open(o);
  std::atomic<int> runs{0};
  tasks.handle(Policy{.kind = "k", .queue = "far"}, [&](Context&) { ++runs; });
  times = 0;
  const TaskRef ref = tasks.enqueue_bytes({.kind = "k", .queue = "far"}, "", {.keep_result = 1min});
  times = 3;
  CHECK(tasks.drain() == 0);
  CHECK(times < 0);
  CHECK(runs == 1);
  CHECK(tasks.info(ref)->status == Status::succeeded);
  CHECK(tasks.metrics().total.lost == 0);
}
