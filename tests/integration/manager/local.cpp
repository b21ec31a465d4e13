// In-memory tasks: order, retries, limits, results, stops.
#include <atomic>
#include <condition_variable>
#include <latch>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "fixture.hpp"

using penstock::Status;

namespace {

penstock::TaskManager one_thread(std::uint64_t limit = 0) {
  penstock::Options o = Store("memory").options();
  o.threads = 1;
  o.local_limit = limit;
  return penstock::TaskManager::open(o);
}

}  // namespace

TEST_CASE("a ticket hands the result out once; types need not be storable") {
  auto tasks = one_thread();
  auto number = tasks.submit([] { return 42; });
  auto pointer = tasks.submit([p = std::make_unique<int>(7)]() mutable { return std::move(p); });
  CHECK(number.get(10s) == 42);
  CHECK(*pointer.get(10s) == 7);
  CHECK_THROWS_AS(number.get(1s), penstock::Exception);
}

TEST_CASE("lower priority numbers go first, then higher weights, then who came first") {
  auto tasks = one_thread();
  std::latch begun(1), go(1);
  std::mutex mutex;
  std::vector<int> order;
  auto block = tasks.submit([&] { begun.count_down(), go.wait(); });
  begun.wait();  // else the first of those that follow might run before it
  auto add = [&](int name, penstock::SubmitOptions o) {
    tasks.submit(
        [&order, &mutex, name] {
          std::lock_guard lock(mutex);
          order.push_back(name);
        },
        o);
  };
  add(4, {.priority = 1});
  add(2, {});
  add(3, {});
  add(1, {.weight = 5});
  add(0, {.priority = -1});
  go.count_down();
  CHECK(tasks.wait_idle(10s));
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4});
}

TEST_CASE("a closure that throws is retried, and its failure kept") {
  auto tasks = one_thread();
  std::atomic<int> runs{0};
  auto ticket = tasks.submit(
      [&] {
        if (++runs < 3) throw std::runtime_error("no");
        return 1;
      },
      {.retries = 2, .backoff = 1ms});
  CHECK(ticket.get(10s) == 1);
  auto dead = tasks.submit([] { throw std::runtime_error("never"); }, {.retries = 0});
  CHECK_THROWS_WITH(dead.get(10s), Catch::Contains("never"));
  CHECK(tasks.info(dead.ref())->status == Status::failed);
}

TEST_CASE("a full queue rejects; waiting tasks can be cancelled") {
  auto tasks = one_thread(1);
  std::latch go(1), running(1);
  auto block = tasks.submit([&] {
    running.count_down();
    go.wait();
  });
  running.wait();
  auto waiting = tasks.submit([] {});
  CHECK_THROWS_AS(tasks.submit([] {}), penstock::Exception);
  CHECK(tasks.cancel(waiting.ref()) == penstock::Cancelled::was_waiting);
  CHECK(tasks.info(waiting.ref())->status == Status::cancelled);
  CHECK_NOTHROW(tasks.submit([] {}));
  go.count_down();
  CHECK(tasks.wait_idle(10s));
}

TEST_CASE("many tasks from many threads all run, while the pool is resized") {
  auto tasks = one_thread();
  std::atomic<int> runs{0};
  std::vector<std::jthread> producers;
  for (int p = 0; p < 3; ++p) {
    producers.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) tasks.submit([&] { ++runs; });
    });
  }
  for (unsigned n : {4u, 1u, 3u, 2u}) tasks.resize(n);
  producers.clear();
  CHECK(tasks.wait_idle(30s));
  CHECK(runs == 15000);
  auto m = tasks.metrics();
  CHECK(m.total.completed == 15000);
  CHECK(m.by_queue.at("local").scheduled == 15000);
}

TEST_CASE("a stop ends what has not started as cancelled, and is idempotent") {
  auto tasks = one_thread();
  auto later = tasks.submit([] {}, {.delay = 1h});
  CHECK(tasks.stop_graceful(1s));
  CHECK(tasks.stop_graceful(1s));
  CHECK(tasks.stop_now());
  CHECK(tasks.info(later.ref())->status == Status::cancelled);
  CHECK_THROWS_AS(tasks.submit([] {}), penstock::Exception);
}

TEST_CASE("calls that wait for handlers are refused inside one") {
  auto tasks = one_thread();
  auto ticket = tasks.submit([&] { tasks.drain(); }, {.retries = 0});
  CHECK_THROWS_WITH(ticket.get(10s), Catch::Contains("a handler must not call it"));
}
