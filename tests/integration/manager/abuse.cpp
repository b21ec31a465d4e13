// Calls at the wrong time, twice, from the wrong thread, from everywhere at once: refused or harmless, and
// clean under the sanitizers.
#include <atomic>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "fixture.hpp"

using namespace penstock;

TEST_CASE("progress, logs and the stop token may be used by threads that the handler joins") {
  Store store(every_backend());
  auto tasks = TaskManager::open(store.options());
  tasks.handle<Job>([](Context& ctx, const Job&) {
    std::vector<std::jthread> helpers;
    for (int t = 0; t < 4; ++t) {
      helpers.emplace_back([&ctx, t] {
        for (int i = 0; i < 200; ++i) {
          ctx.progress(i / 200.0, "part " + std::to_string(t));
          ctx.log(Level::debug, "step");
          if (ctx.stop_token().stop_requested()) return;
        }
        ctx.progress(2, "more than all");
        ctx.progress(-1, "less than none");
      });
    }
  });
  auto ref = tasks.enqueue(Job{});
  CHECK(tasks.drain() == 0);
  CHECK(tasks.info(ref)->status == Status::succeeded);
}

TEST_CASE("a stop token that is kept after the return is still good, and hears nothing of later tasks") {
  Store store("memory");
  Options o = store.options();
  o.threads = 1;
  auto tasks = TaskManager::open(o);
  std::vector<std::stop_token> kept;
  std::latch running(1);
  tasks.handle<Job>([&](Context& ctx, const Job& job) {
    kept.push_back(ctx.stop_token());
    if (job.name != "long") return;
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    running.count_down();
    stopped.wait(lock, ctx.stop_token(), [] { return false; });
  });
  tasks.start();
  CHECK(tasks.await(tasks.enqueue(Job{"short"}), 20s)->status == Status::succeeded);
  auto ref = tasks.enqueue(Job{"long"});
  running.wait();
  tasks.cancel(ref);
  CHECK(ended(tasks.await(ref, 20s)->status));
  CHECK(tasks.stop_graceful(20s));
  REQUIRE(kept.size() == 2);
  CHECK_FALSE(kept[0].stop_requested());
  CHECK(kept[1].stop_requested());
}

TEST_CASE("an attempt is settled once, however often middleware runs its handler") {
  Store store("memory");
  auto tasks = TaskManager::open(store.options());
  std::atomic<int> runs{0}, children{0};
  tasks.use([](Context& ctx, const Next& next) {
    if (ctx.task().kind == "child") return next(ctx);
    (void)next(ctx);
    (void)next(ctx);
    return next(ctx);
  });
  tasks.handle<Job>([&](Context& ctx, const Job&) {
    expect(bool(ctx.add_child({.kind = "child"}, "", "")));
    return ++runs < 3 ? fail("not this one") : done(std::string("third"));
  });
  tasks.handle(Policy{.kind = "child"}, [&](Context&) { ++children; });
  auto ref = tasks.enqueue(Job{});
  CHECK(tasks.drain() == 0);
  CHECK(tasks.result<std::string>(ref) == "third");
  CHECK(runs == 3);
  CHECK(children == 1);
  CHECK(tasks.metrics().total.completed == 2);
}

TEST_CASE("a handler may use its manager, even against its own task, but may not wait for handlers") {
  Store store("memory");
  auto tasks = TaskManager::open(store.options());
  std::atomic<int> refused{0};
  auto refuse = [&](auto&& call) {
    try {
      call();
    } catch (const Exception& e) {
      refused += e.code() == Errc::invalid;
    }
  };
  tasks.handle<Job>([&](Context& ctx, const Job& job) {
    if (job.name == "child") return;
    const TaskRef self{std::string(ctx.task().queue), ctx.task().id};
    expect(tasks.info(self)->status == Status::running);
    expect(!tasks.await(self, 1ms));
    expect(tasks.cancel(self) == Cancelled::requested);
    expect(tasks.await(tasks.enqueue(Job{"child"}), 20s)->status == Status::succeeded);
    tasks.metrics();
    tasks.resize(3);
    refuse([&] { tasks.run(); });
    refuse([&] { tasks.drain(); });
    refuse([&] { tasks.wait_idle(1ms); });
    refuse([&] { tasks.stop_graceful(1ms); });
    refuse([&] { tasks.stop_now(); });
    refuse([&] { tasks.add_handler({.kind = "late"}, make_handler<Job>([](const Job&) {})); });
    refuse([&] { tasks.use([](Context& c, const Next& next) { return next(c); }); });
    refuse([&] { tasks.use_enqueue([](std::span<EnqueueRequest> r, const EnqueueNext& next) { return next(r); }); });
  });
  auto ref = tasks.enqueue(Job{});
  CHECK(tasks.drain() == 0);
  CHECK(tasks.info(ref)->status == Status::succeeded);  // the work was done before the cancel was heard
  CHECK(refused == 8);
}

TEST_CASE("hooks may not wait for handlers either, whichever thread they are called on") {
  Store store("memory");
  Options o = store.options();
  o.threads = 1;
  o.timeout = 10ms;
  o.grace = 10ms;
  auto tasks = TaskManager::open(o);
  std::atomic<int> refused{0}, told{0};
  std::latch release(1);
  auto hook = [&](const TaskEvent&) {
    ++told;
    try {
      tasks.stop_now();
    } catch (const Exception& e) {
      refused += e.code() == Errc::invalid;
    }
  };
  tasks.add_hooks({.on_queued = {}, .on_start = hook, .on_retry = hook, .on_finish = hook, .on_lost = hook});
  tasks.handle<Job>([&](const Job&) { release.wait(); });
  auto ref = tasks.enqueue(Job{}, {.retries = 0});  // its end is told by the pump: its worker is stuck
  auto local = tasks.submit([&] { release.wait(); }, {.retries = 0});
  tasks.start();
  CHECK(tasks.await(ref, 20s)->status == Status::timed_out);
  CHECK(tasks.await(local.ref(), 20s)->status == Status::timed_out);
  release.count_down();
  CHECK(tasks.drain() == 0);
  CHECK(told == 4);
  CHECK(refused == 4);
}

TEST_CASE("a manager may be destroyed by a handler, and by a hook") {
  std::latch gone(2);
  auto shared = std::make_shared<std::optional<TaskManager>>(TaskManager::open(Store("memory").options()));
  (*shared)->submit([shared, &gone] {
    shared->reset();
    gone.count_down();
  });
  auto hooked = std::make_shared<std::optional<TaskManager>>(TaskManager::open(Store("memory").options()));
  (*hooked)->add_hooks({.on_queued = {},
                        .on_start = {},
                        .on_retry = {},
                        .on_finish =
                            [hooked, &gone](const TaskEvent&) {
                              hooked->reset();
                              gone.count_down();
                            },
                        .on_lost = {}});
  (*hooked)->submit([] {});
  gone.wait();
  CHECK(!shared->has_value());
  CHECK(!hooked->has_value());
}

TEST_CASE("after the stop every call answers, and none hangs") {
  Store store(every_backend());
  std::optional<TaskManager> tasks(TaskManager::open(store.options()));
  tasks->handle<Job>([](const Job&) { return Answer{"yes"}; });
  auto ref = tasks->enqueue(Job{});
  auto ticket = tasks->submit([] { return 5; });
  auto results = tasks->results();
  CHECK(tasks->drain() == 0);
  CHECK(tasks->stop_graceful(0ms));
  CHECK(tasks->stop_now());
  CHECK_THROWS_AS(tasks->run(), Exception);
  CHECK_THROWS_AS(tasks->drain(), Exception);
  CHECK_THROWS_AS(tasks->submit([] {}), Exception);
  CHECK_THROWS_AS(tasks->start(), Exception);
  CHECK_NOTHROW(tasks->resize(5));
  CHECK(tasks->cancel_local() == 0);
  CHECK(tasks->result<Answer>(ref, 1s).text == "yes");
  CHECK_NOTHROW(tasks->enqueue(Job{}));  // a producer still
  CHECK(tasks->wait_idle(0ms) == false);
  CHECK(tasks->metrics().total.completed == 2);
  tasks->request_stop();
  tasks.reset();
  CHECK(ticket.get(1s) == 5);
  CHECK_THROWS_AS(ticket.get(1ms), Exception);
  while (results.next(0ms)) {
  }
  CHECK(results.closed());
}

TEST_CASE("everything at once, from many threads") {
  Store store(every_backend());
  Options o = store.options();
  o.ended_count = 50;
  o.retry.backoff = 1ms;
  auto tasks = TaskManager::open(o);
  std::atomic<int> ran{0};
  tasks.handle<Job>([&](Context& ctx, const Job& job) {
    ++ran;
    ctx.progress(0.5);
    if (job.number % 7 == 0 && ctx.task().attempt == 1) throw std::runtime_error("once");
    return Answer{job.name};
  });
  tasks.add_hooks({.on_queued = [](const TaskEvent&) {},
                   .on_start = [](const TaskEvent&) {},
                   .on_retry = [](const TaskEvent&) {},
                   .on_finish = [](const TaskEvent&) {},
                   .on_lost = [](const TaskEvent&) {}});
  tasks.start();
  constexpr int kRounds = 60;
  std::mutex mutex;
  std::vector<TaskRef> refs;
  auto some_ref = [&](int i) {
    std::lock_guard lock(mutex);
    return refs.empty() ? TaskRef{"jobs", make_task_id()} : refs[static_cast<std::size_t>(i) % refs.size()];
  };
  auto keep = [&](TaskRef ref) {
    std::lock_guard lock(mutex);
    refs.push_back(std::move(ref));
  };
  {
    std::vector<std::jthread> threads;
    auto often = [&](auto&& call) {
      threads.emplace_back([call] {
        for (int i = 0; i < kRounds; ++i) call(i);
      });
    };
    often([&](int i) { keep(tasks.enqueue(Job{"a", i})); });
    often([&](int i) { keep(tasks.enqueue(Job{"b", i}, {.delay = Millis(i % 5)})); });
    often([&](int i) {
      keep(tasks.submit([&ran, i] { return ++ran, i; }, {.queue = "mine", .delay = Millis(i % 3)}).ref());
    });
    often([&](int i) { tasks.cancel(some_ref(i)); });
    often([&](int i) { tasks.info(some_ref(3 * i)); });
    often([&](int i) { tasks.await(some_ref(7 * i), 1ms); });
    often([&](int i) { tasks.resize(1 + static_cast<unsigned>(i % 4)); });
    often([&](int) { tasks.metrics(); });
    often([&](int) { tasks.counts(); });
    often([&](int i) {
      if (i % 10 == 0) tasks.cancel_local();
    });
    often([&](int) { tasks.results(1).next(0ms); });
    often([&](int i) {
      if (i % 20 == 0) tasks.add_hooks({});
    });
  }
  {
    std::atomic<int> stopped{0};
    std::vector<std::jthread> stoppers;
    for (int i = 0; i < 3; ++i) {
      stoppers.emplace_back([&, i] { stopped += i == 0 ? tasks.stop_now() : tasks.stop_graceful(20s); });
    }
    stoppers.emplace_back([&] { tasks.request_stop(); });
    stoppers.clear();
    CHECK(stopped == 3);
  }
  CHECK(tasks.metrics().stuck_threads == 0);
  CHECK(tasks.metrics().total.running == 0);
}
