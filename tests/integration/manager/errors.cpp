// What tasks fail of, as the store keeps it for people.
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "fixture.hpp"
#include "wrapped.hpp"

using penstock::Context;
using penstock::ErrorGroup;
using penstock::Outcome;
using penstock::Policy;

namespace {

constexpr Policy kBroken{.kind = "broken", .queue = "jobs", .retries = 1, .backoff = 1ms, .jitter = false};

// Lets those who come go on once two have come.
class Pair {
 public:
  void come() {
    std::unique_lock lock(mutex_);
    ++here_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return here_ >= 2; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int here_ = 0;
};

}  // namespace

TEST_CASE("failures are counted by kind and message, retries too; what is no failure is not") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  std::atomic<int> attempts{0};
  tasks.handle(kBroken, [&](Context& ctx) -> Outcome {
    if (ctx.payload() == "snooze" && ++attempts == 1) return penstock::snooze(1ms);
    if (ctx.payload() == "discard") return penstock::discard("not wanted");
    if (ctx.payload() == "worse") return penstock::fail("no such file");
    if (ctx.payload() == "down") return penstock::retry("host 10.0.0.17 is down");
    return penstock::done();
  });
  for (const char* payload : {"down", "down", "down", "worse", "discard", "snooze", "fine"}) {
    tasks.enqueue_bytes(kBroken, payload);
  }
  tasks.enqueue_bytes({.kind = "broken", .queue = "others"}, "worse");
  CHECK(tasks.drain() == 0);

  const auto all = tasks.errors();
  REQUIRE(all.size() == 3);
  CHECK(all[2].queue == "others");
  auto jobs = tasks.errors("jobs");
  REQUIRE(jobs.size() == 2);
  if (jobs[0].count == 1) std::swap(jobs[0], jobs[1]);
  CHECK(jobs[0].kind == "broken");
  CHECK(jobs[0].count == 6);
  CHECK(jobs[0].sample == "host 10.0.0.17 is down");
  CHECK(jobs[0].first <= jobs[0].last);
  CHECK_FALSE(jobs[0].build.empty());
  CHECK(jobs[1].count == 1);
  CHECK(jobs[1].sample == "no such file");
  CHECK(tasks.errors("job").empty());
}

TEST_CASE("two processes on one store add up what they see") {
  Store store("sqlite");
  auto options = store.options();
  options.threads = 1;
  options.batch = 1;
  auto first = penstock::TaskManager::open(options), second = penstock::TaskManager::open(options);
  Pair pair;
  for (auto* tasks : {&first, &second}) {
    tasks->handle(kBroken, [&pair, seen = std::make_shared<std::atomic<int>>(0)](Context& ctx) -> Outcome {
      if (seen->fetch_add(1) == 0) pair.come();  // both have some
      return penstock::fail("item " + std::string(ctx.payload()) + " is broken");
    });
  }
  for (int i = 0; i < 40; ++i) first.enqueue_bytes(kBroken, std::to_string(i));
  first.start();
  second.start();
  CHECK(first.wait_idle(20s));
  CHECK(second.wait_idle(20s));
  CHECK(first.stop_graceful(10s));
  CHECK(second.stop_graceful(10s));
  const auto errors = penstock::TaskManager::open(options).errors("jobs");
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].count == 40);
}

TEST_CASE("what fails is written down while the process runs") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  tasks.handle(kBroken, [](Context&) { return penstock::fail("broken"); });
  auto never = tasks.enqueue_bytes(kBroken, "", {.delay = 1h});
  tasks.enqueue_bytes(kBroken, "");
  tasks.start();
  for (int look = 0; look < 600 && tasks.errors().empty(); ++look) tasks.await(never, 50ms);
  REQUIRE(tasks.errors().size() == 1);
  CHECK(tasks.errors()[0].count == 1);
}

TEST_CASE("what could not be written down is written later, and counts once") {
  std::atomic<bool> down{true};
  std::atomic<int> refused{0};
  Between between;
  between.before_put = [&]() -> penstock::Result<void> {
    if (!down) return {};
    ++refused;
    return penstock::Error{penstock::Errc::unavailable, "down", true};
  };
  penstock::Options options = Store("memory").options();
  options.plugins = {wrapped_plugin(between)};
  options.backend = {.use = "wrapped"};
  auto tasks = penstock::TaskManager::open(options);
  tasks.handle(kBroken, [](Context&) { return penstock::fail("broken"); });
  auto never = tasks.enqueue_bytes(kBroken, "", {.delay = 1h});
  tasks.enqueue_bytes(kBroken, "");
  tasks.start();
  for (int look = 0; look < 600 && refused == 0; ++look) tasks.await(never, 50ms);
  REQUIRE(refused > 0);
  CHECK(tasks.errors().empty());
  down = false;
  REQUIRE(tasks.await(tasks.enqueue_bytes(kBroken, ""), 10s));
  CHECK(tasks.stop_graceful(10s));
  REQUIRE(tasks.errors().size() == 1);
  CHECK(tasks.errors()[0].count == 2);
}

TEST_CASE("a task that is buried as poison is a failure") {
  Store store(every_backend());
  auto options = store.options();
  options.max_crashes = 1;
  auto tasks = penstock::TaskManager::open(options);
  tasks.handle(kBroken, [](Context&) {});
  auto ref = tasks.enqueue_bytes(kBroken, "");
  const penstock::Share share{"jobs", 1};  // by a process that dies: its lease is never settled
  REQUIRE(tasks.backend()
              .exchange({.claim = {&share, 1}, .limit = 1, .begin = 1, .lease = 1ms, .worker = "gone"})
              ->leased.size() == 1);
  tasks.start();
  CHECK(tasks.await(ref, 20s)->status == penstock::Status::failed);
  tasks.stop_graceful(10s);
  const auto errors = tasks.errors();
  REQUIRE(errors.size() == 1);
  CHECK_THAT(errors[0].sample, Catch::StartsWith("poison: "));
}
