// Durable tasks through the TaskManager: outcomes, retries, cancels, children, and what stops do.
#include <atomic>
#include <condition_variable>
#include <latch>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "fixture.hpp"

using penstock::Context;
using penstock::Outcome;
using penstock::Status;

TEST_CASE("a typed handler's result is read back by its type") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  tasks.handle<Job>([](Context& ctx, const Job& job) {
    expect(ctx.task().epoch > 0);
    return Answer{job.name + "/" + std::to_string(job.number)};
  });
  auto ref = tasks.enqueue(Job{"a", 7});
  tasks.start();
  CHECK(tasks.result<Answer>(ref, 10s).text == "a/7");
  CHECK(tasks.drain() == 0);
}

TEST_CASE("a failure is retried as its policy says, then dead with its reason") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  std::atomic<int> runs{0};
  tasks.handle<Job>([&](const Job&) {
    ++runs;
    throw std::runtime_error("disk 17 is gone");
  });
  auto ref = tasks.enqueue(Job{});
  tasks.start();
  auto info = tasks.await(ref, 10s);
  REQUIRE(info);
  CHECK(info->status == Status::failed);
  CHECK(info->failures == 3);
  CHECK(runs == 3);
  CHECK(info->error == "disk 17 is gone");
  CHECK(info->fingerprint != 0);
  CHECK(tasks.metrics().by_queue.at("jobs").retried == 2);
}

TEST_CASE("drain waits for tasks that wait for their time") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  std::atomic<int> runs{0};
  tasks.handle<Job>([&](const Job&) -> Outcome {
    return ++runs == 1 ? penstock::retry_after(200ms, "not yet") : penstock::done();
  });
  tasks.enqueue(Job{});
  CHECK(tasks.drain() == 0);
  CHECK(runs == 2);
}

TEST_CASE("outcomes are values: snooze, discard, fail, retry after") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  tasks.handle<Job>([](Context& ctx, const Job& job) -> Outcome {
    if (job.name == "discard") return penstock::discard("nobody wants it");
    if (job.name == "fail") return penstock::fail("never");
    if (job.name == "again" && ctx.task().attempt == 1) return penstock::retry_after(1ms, "not yet");
    return penstock::done();
  });
  std::atomic<int> snoozes{0};
  tasks.handle(penstock::Policy{.kind = "sleepy", .queue = "jobs"}, [&](Context& ctx) -> Outcome {
    expect(ctx.task().attempt == 1);  // a snooze costs nothing
    return ++snoozes < 3 ? penstock::snooze(1ms) : penstock::done();
  });
  auto discarded = tasks.enqueue(Job{"discard"}), failed = tasks.enqueue(Job{"fail"}),
       again = tasks.enqueue(Job{"again"});
  auto sleepy = tasks.enqueue_bytes({.kind = "sleepy", .queue = "jobs"}, "");
  tasks.start();
  CHECK(tasks.await(discarded, 10s)->status == Status::cancelled);
  CHECK(tasks.await(discarded, 10s)->error == "nobody wants it");
  CHECK(tasks.await(failed, 10s)->status == Status::failed);
  CHECK(tasks.await(again, 10s)->status == Status::succeeded);
  CHECK(tasks.await(sleepy, 10s)->status == Status::succeeded);
  CHECK(snoozes == 3);
}

TEST_CASE("whatever a handler throws is a failure, and the worker lives") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  tasks.handle<Job>([](const Job& job) {
    switch (job.number % 4) {
      case 0:
        throw job.number;
      case 1:
        throw std::bad_alloc();
      case 2:
        throw "text";
      default:
        std::throw_with_nested(std::runtime_error("outer"));
    }
  });
  std::vector<Job> jobs(200);
  for (int i = 0; i < 200; ++i) jobs[i].number = i;
  for (auto& e : tasks.enqueue_many(jobs, {.retries = 0})) CHECK(e.created());
  CHECK(tasks.drain() == 0);
  CHECK(tasks.metrics().total.failed == 200);
}

TEST_CASE("cancel answers what was true, in every state") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  std::latch running(1);
  tasks.handle<Job>([&](Context& ctx, const Job& job) -> Outcome {
    if (job.name != "long") return penstock::done();
    running.count_down();
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    stopped.wait(lock, ctx.stop_token(), [] { return false; });
    return penstock::retry("stopped");
  });
  auto later = tasks.enqueue(Job{"later"}, {.delay = 1h});
  CHECK(tasks.cancel(later) == penstock::Cancelled::was_waiting);
  CHECK(tasks.cancel(later) == penstock::Cancelled::was_finished);
  auto run = tasks.enqueue(Job{"long"});
  tasks.start();
  running.wait();
  CHECK(tasks.cancel(run) == penstock::Cancelled::requested);
  CHECK(tasks.await(run, 10s)->status == Status::cancelled);
  CHECK(tasks.cancel({"jobs", penstock::make_task_id()}) == penstock::Cancelled::not_found);
}

TEST_CASE("a handler that overruns is asked to stop, and given up when it does not") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  auto release = std::make_shared<std::latch>(1);  // the handler's too: it outlives this test
  tasks.handle<Job>([release](Context& ctx, const Job& job) {
    if (job.name == "deaf") return release->wait();
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    stopped.wait(lock, ctx.stop_token(), [] { return false; });
    throw std::runtime_error("noticed");
  });
  auto polite = tasks.enqueue(Job{"polite"}, {.retries = 0, .timeout = 20ms});
  auto deaf = tasks.enqueue(Job{"deaf"}, {.retries = 0, .timeout = 20ms});
  tasks.start();
  CHECK(tasks.await(polite, 10s)->status == Status::timed_out);
  CHECK(tasks.await(deaf, 10s)->status == Status::timed_out);
  CHECK(tasks.metrics().stuck_threads == 1);
  CHECK_FALSE(tasks.stop_graceful(1s));  // one thread is still inside
  release->count_down();
  await_stuck(tasks);
}

TEST_CASE("children go with their parent's settlement, once") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  std::atomic<int> same{0}, other{0};
  tasks.handle<Job>([](Context& ctx, const Job&) {
    expect(bool(ctx.add_child({.kind = "child"}, "x", "")));
    expect(bool(ctx.add_child({.kind = "child", .queue = "elsewhere"}, "y", "")));
    if (ctx.task().attempt == 1) throw std::runtime_error("after adding");
  });
  tasks.handle(penstock::Policy{.kind = "child"}, [&](Context& ctx) { ++(ctx.payload() == "x" ? same : other); });
  tasks.enqueue(Job{});
  CHECK(tasks.drain() == 0);
  CHECK(same == 1);
  CHECK(other == 1);
}

TEST_CASE("a kind that nobody here handles is given back, not buried") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  tasks.handle<Job>([](const Job&) {});
  auto strange = tasks.enqueue_bytes({.kind = "strange", .queue = "jobs"}, "");
  auto known = tasks.enqueue(Job{});
  tasks.start();
  CHECK(tasks.await(known, 10s)->status == Status::succeeded);
  CHECK(tasks.stop_graceful(5s));
  auto info = tasks.info(strange);
  REQUIRE(info);
  CHECK_FALSE(ended(info->status));
  CHECK(info->failures == 0);
}

TEST_CASE("a full queue refuses or waits, and a payload too large is refused") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  std::vector<Job> three(3);
  auto out = tasks.enqueue_many(three, {.queue_limit = 2});
  CHECK(out[1].created());
  CHECK(out[2].what == penstock::Item::full);
  CHECK_THROWS_AS(tasks.enqueue(Job{std::string(2 << 20, 'x')}), penstock::Exception);
  tasks.handle<Job>([](const Job&) {});
  tasks.start();
  CHECK_NOTHROW(tasks.enqueue(Job{}, {.queue_limit = 2, .if_full = penstock::IfFull::block, .block_at_most = 10s}));
  CHECK(tasks.drain() == 0);
}

TEST_CASE("two managers on one file run every task once") {
  Store store("sqlite");
  std::mutex mutex;
  std::multiset<int> ran;
  auto make = [&] {
    auto tasks = penstock::TaskManager::open(store.options());
    tasks.handle<Job>([&](const Job& job) {
      std::lock_guard lock(mutex);
      ran.insert(job.number);
    });
    return tasks;
  };
  auto one = make(), two = make();
  std::vector<Job> jobs(1000);
  for (int i = 0; i < 1000; ++i) jobs[i].number = i;
  one.start();
  two.start();
  for (auto& e : one.enqueue_many(jobs)) CHECK(e.created());
  auto last = one.enqueue(Job{"last", 1000});
  CHECK(two.await(last, 20s)->status == Status::succeeded);
  CHECK(one.wait_idle(20s));
  CHECK(ran.size() == 1001);
  CHECK(std::set<int>(ran.begin(), ran.end()).size() == 1001);
}

TEST_CASE("a task for which enqueue middleware has no answer counts as refused") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  tasks.use_enqueue([](std::span<penstock::EnqueueRequest> requests, const penstock::EnqueueNext& next) {
    return next(requests.first(1));
  });
  std::vector<Job> three(3);
  auto out = tasks.enqueue_many(three);
  REQUIRE(out.size() == 3);
  CHECK(out[0].created());
  CHECK_FALSE(out[1].accepted());
  CHECK_THAT(out[2].error->message, Catch::Contains("no answer"));
}

TEST_CASE("middleware wraps both sides, hooks see what happened") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  std::mutex mutex;
  std::vector<std::string> seen;
  auto note = [&](std::string what) {
    std::lock_guard lock(mutex);
    seen.push_back(std::move(what));
  };
  tasks.use([&](Context& ctx, const penstock::Next& next) {
    note("outer");
    return next(ctx);
  });
  tasks.use([&](Context& ctx, const penstock::Next& next) {
    note("inner " + std::string(ctx.metadata("tenant")));
    return next(ctx);
  });
  tasks.use_enqueue([](std::span<penstock::EnqueueRequest> requests, const penstock::EnqueueNext& next) {
    for (auto& r : requests) r.metadata.emplace_back("tenant", "acme");
    return next(requests);
  });
  tasks.add_hooks({.on_queued = [&](const penstock::TaskEvent&) { note("queued"); },
                   .on_start = [&](const penstock::TaskEvent&) { note("start"); },
                   .on_retry = {},
                   .on_finish = [&](const penstock::TaskEvent& e) { note(std::string("finish ") + name(e.status)); },
                   .on_lost = {}});
  tasks.handle<Job>([&](const Job&) { note("handler"); });
  auto results = tasks.results();
  tasks.enqueue(Job{});
  CHECK(tasks.drain() == 0);
  CHECK(seen == std::vector<std::string>{"queued", "start", "outer", "inner acme", "handler", "finish succeeded"});
  CHECK(results.next(5s)->status == Status::succeeded);
}
