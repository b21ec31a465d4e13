// Short closures are taken several at a time (framework/manager/hand.hpp): nobody can tell, but by the speed.
#include <condition_variable>
#include <functional>
#include <mutex>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "fixture.hpp"

using penstock::Cancelled;
using penstock::Status;

namespace {

using Closures = std::vector<std::function<void(penstock::Context&)>>;

constexpr int kShort = 200;  // so many in a row, and closures are short on average
constexpr int kRounds = 20;  // the average is one of real times: each round is likely to have its hand

// A manager that has run short closures, and knows the tasks that were submitted since.
class Pool {
  std::mutex mutex_;
  std::vector<penstock::TaskRef> refs_;

 public:
  explicit Pool(unsigned threads, penstock::Millis timeout = 300s) : tasks(open(threads, timeout)) {
    tasks.add_hooks({.on_queued =
                         [this](const penstock::TaskEvent& e) {
                           const std::lock_guard lock(mutex_);  // a task may submit while this thread does
                           refs_.push_back({std::string(e.key.queue), e.key.id});
                         },
                     .on_finish =
                         [this](const penstock::TaskEvent& e) {
                           if (e.status == Status::cancelled) cancelled.release();
                           ended.release();
                         }});
    tasks.start();
  }
  void warm_up() {
    Closures many(kShort, [](penstock::Context&) {});
    tasks.submit_many(std::span(many));
    expect_ends(kShort);
    const std::lock_guard lock(mutex_);
    refs_.clear();
  }
  void submit(Closures closures) { tasks.submit_many(std::span(closures)); }
  void expect_ends(int many) {
    for (int i = 0; i < many; ++i) REQUIRE(ended.try_acquire_for(20s));
  }
  penstock::TaskRef ref(std::size_t i) {
    const std::lock_guard lock(mutex_);
    return refs_.at(i);
  }
  Status status(std::size_t i) { return tasks.info(ref(i))->status; }

  std::counting_semaphore<> ended{0}, cancelled{0};
  penstock::TaskManager tasks;

 private:
  static penstock::TaskManager open(unsigned threads, penstock::Millis timeout) {
    penstock::Options o = Store("memory").options();
    o.threads = threads;
    o.timeout = timeout;
    o.retry.retries = 0;
    return penstock::TaskManager::open(o);
  }
};

void nothing(penstock::Context&) {}

// Task 0 has ended and task 1 runs, until go(); `behind` others wait. With one worker, and most likely in its hand.
class Blocked {
 public:
  Blocked(Pool& pool, std::size_t behind) {
    pool.warm_up();
    Closures all{nothing, [this](penstock::Context&) { begun_.release(), go_.acquire(); }};
    all.resize(2 + behind, nothing);
    pool.submit(std::move(all));
    REQUIRE(begun_.try_acquire_for(20s));
  }
  void go() { go_.release(); }

 private:
  std::binary_semaphore begun_{0}, go_{0};
};

}  // namespace

TEST_CASE("a closure that blocks holds up none of those that were taken with it") {
  Pool pool(2);
  for (int round = 0; round < kRounds; ++round) {
    pool.warm_up();
    std::binary_semaphore behind(0), go(0);
    pool.submit({nothing, [&](penstock::Context&) { go.acquire(); }, [&](penstock::Context&) { behind.release(); }});
    const bool ran = behind.try_acquire_for(20s);
    go.release();
    pool.expect_ends(3);
    REQUIRE(ran);
  }
}

TEST_CASE("the end of a closure is told while the one that was taken with it blocks") {
  Pool pool(1);
  for (int round = 0; round < kRounds; ++round) {
    pool.warm_up();
    std::binary_semaphore go(0);
    pool.submit({nothing, [&](penstock::Context&) { go.acquire(); }});
    const bool told = pool.ended.try_acquire_for(20s);
    go.release();
    REQUIRE(told);
    pool.expect_ends(1);
  }
}

TEST_CASE("tasks and metrics are seen as they are, whatever a worker has taken, and what waits can be cancelled") {
  Pool pool(1);
  for (int round = 0; round < kRounds; ++round) {
    const penstock::Counters before = pool.tasks.metrics().total;
    Blocked blocked(pool, 2);
    SECTION("states") {
      CHECK(pool.status(0) == Status::succeeded);
      CHECK(pool.status(1) == Status::running);
      CHECK(pool.status(2) == Status::queued);
    }
    SECTION("metrics") {
      const penstock::Metrics seen = pool.tasks.metrics();
      CHECK(seen.total.completed == before.completed + kShort + 1);
      CHECK(seen.total.running == 1);
      CHECK(seen.queue_depth == 2);
    }
    SECTION("an end that somebody waits for") { CHECK(pool.tasks.await(pool.ref(0), 20s)); }
    CHECK(pool.tasks.cancel(pool.ref(2)) == Cancelled::was_waiting);
    CHECK(pool.tasks.cancel(pool.ref(0)) == Cancelled::was_finished);
    blocked.go();
    pool.expect_ends(4);
    const penstock::Counters after = pool.tasks.metrics().total;
    CHECK(after.completed == before.completed + kShort + 3);
    CHECK(after.cancelled == before.cancelled + 1);
    CHECK(after.latency.count == before.latency.count + kShort + 3);
    CHECK(after.wait.count == before.wait.count + kShort + 3);
    CHECK(after.running == 0);
  }
}

TEST_CASE("a stop ends what a worker has taken and not begun as cancelled") {
  for (int round = 0; round < kRounds; ++round) {
    Pool pool(1);
    Blocked blocked(pool, 1);
    std::jthread stop([&] { pool.tasks.stop_graceful(60s); });
    const bool ended = pool.cancelled.try_acquire_for(20s);
    blocked.go();
    stop.join();
    CHECK(ended);
    CHECK(pool.status(0) == Status::succeeded);
    CHECK(pool.status(1) == Status::succeeded);
    CHECK(pool.status(2) == Status::cancelled);
  }
}

TEST_CASE("all of an in-memory queue is cancelled, but what has ended") {
  Pool pool(1);
  for (int round = 0; round < kRounds; ++round) {
    Blocked blocked(pool, 2);
    CHECK(pool.tasks.cancel_local() == 3);
    blocked.go();
    pool.expect_ends(4);
    CHECK(pool.status(0) == Status::succeeded);
    CHECK(pool.status(2) == Status::cancelled);
  }
}

TEST_CASE("each closure that was taken has its own timeout, its own failure, and its own stop") {
  Pool pool(1, 500ms);
  auto until_stopped = [](penstock::Context& ctx) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait(lock, ctx.stop_token(), [] { return false; });
    throw std::runtime_error("stopped");
  };
  auto look = [](penstock::Context& ctx) { expect(ctx.stop_token().stop_possible()); };
  for (int round = 0; round < 3; ++round) {
    pool.warm_up();
    pool.submit({look, [](penstock::Context&) -> void { throw std::runtime_error("no"); }, until_stopped, look, look});
    REQUIRE(pool.tasks.wait_idle(60s));
    pool.expect_ends(5);
    CHECK(pool.status(0) == Status::succeeded);
    CHECK(pool.status(1) == Status::failed);
    CHECK(pool.status(2) == Status::timed_out);
    CHECK(pool.status(3) == Status::succeeded);
    CHECK(pool.status(4) == Status::succeeded);
  }
}

TEST_CASE("queues take turns one by one, whatever a worker takes at once and gives back") {
  Pool pool(1);
  for (int round = 0; round < kRounds; ++round) {
    pool.warm_up();
    std::string order;
    auto many = [&order](char name) {
      return Closures(32, [&order, name](penstock::Context& ctx) {
        expect(ctx.stop_token().stop_possible());  // who has asked for it gets no other closure without the lock
        order += name;
      });
    };
    pool.submit({[&](penstock::Context&) {
      Closures a = many('a'), b = many('b');
      pool.tasks.submit_many(std::span(a), {.queue = "a"});
      pool.tasks.submit_many(std::span(b), {.queue = "b"});
    }});
    pool.expect_ends(65);
    std::string turns;
    for (int i = 0; i < 32; ++i) turns += "ab";
    REQUIRE(order == turns);
  }
}
