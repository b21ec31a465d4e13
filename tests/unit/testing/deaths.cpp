// Workers that die, and what the others make of it.
#include <algorithm>

#include "shop.hpp"

namespace {

constexpr auto kLease = 10s;

TEST_CASE("death before the handler: another worker runs the task when the lease has lapsed") {
  Shop shop;
  Cluster cluster(shop.setup(), {.workers = 2});
  cluster.kill_at(Point::before_handler);
  const auto ref = cluster.tasks().enqueue(Pay{1});
  cluster.drain();
  CHECK_FALSE(cluster.alive(0));
  CHECK(cluster.alive(1));
  CHECK(shop.charged.empty());
  CHECK(cluster.tasks().info(ref)->status == penstock::Status::running);
  cluster.advance(kLease - 1ms);
  CHECK(cluster.drain() == 0);
  cluster.advance(1ms);
  CHECK(cluster.drain() == 1);
  CHECK(shop.attempts == std::vector<std::uint32_t>{2});  // a crash is charged
  CHECK(cluster.tasks().info(ref)->status == penstock::Status::succeeded);
}

TEST_CASE("death in the handler: nothing that it does on its way out counts") {
  Shop shop;
  Cluster cluster(shop.setup(), {.workers = 2});
  bool first = true;
  shop.in_charge = [&](penstock::Context&, int order) {
    if (!std::exchange(first, false)) return;
    cluster.worker(0).enqueue(Receipt{order});  // before: this counts
    try {
      cluster.die();
    } catch (...) {
      CHECK_THROWS_AS(cluster.worker(0).enqueue(Receipt{order}), penstock::Exception);
      throw;
    }
  };
  cluster.tasks().enqueue(Pay{1});
  cluster.finish();
  CHECK_FALSE(cluster.alive(0));
  CHECK(shop.attempts == std::vector<std::uint32_t>{1, 2});
  CHECK(shop.charged == std::vector{1});
  CHECK(shop.receipts == std::vector{1});
}

TEST_CASE("death after the handler: the task runs a second time") {
  Shop shop;
  Cluster cluster(shop.setup(), {.workers = 2});
  cluster.kill_at(Point::after_handler, "charge");
  cluster.tasks().enqueue(Receipt{1});
  cluster.tasks().enqueue(Pay{1});
  cluster.drain();
  CHECK(shop.charged == std::vector{1});
  cluster.advance(kLease);
  cluster.drain();
  CHECK(shop.charged == std::vector{1, 1});
  CHECK(shop.receipts == std::vector{1});
}

TEST_CASE("death after the ack: the task has ended, and does not run again") {
  Shop shop;
  Cluster cluster(shop.setup(), {.workers = 2});
  cluster.kill_at(Point::after_ack);
  const auto ref = cluster.tasks().enqueue(Pay{1});
  cluster.finish();
  CHECK_FALSE(cluster.alive(0));
  CHECK(shop.charged == std::vector{1});
  CHECK(cluster.tasks().info(ref)->status == penstock::Status::succeeded);
}

TEST_CASE("every point: a handler that is safe to repeat does its work once") {
  for (const Point point : penstock::testing::kPoints) {
    std::vector<int> bank;
    Cluster cluster(
        [&](penstock::TaskManager& tasks) {
          tasks.handle<Pay>([&](const Pay& job) {
            if (std::ranges::find(bank, job.order) == bank.end()) bank.push_back(job.order);
          });
        },
        {.workers = 2});
    cluster.kill_at(point);
    for (int order : {1, 2, 3}) cluster.tasks().enqueue(Pay{order});
    cluster.finish();
    std::ranges::sort(bank);
    CHECK(bank == std::vector{1, 2, 3});
    CHECK(cluster.tasks().counts().at(0).by_state[static_cast<std::size_t>(penstock::State::leased)] == 0);
  }
}

TEST_CASE("a dead worker is silent: no hook of it is called, and its calls are answered unavailable") {
  int finished = 0, worker = 0;
  Shop shop;
  Cluster cluster(
      [&](penstock::TaskManager& tasks) {
        shop.setup()(tasks);
        penstock::Hooks hooks;
        hooks.on_finish = [&finished, mine = worker++](const penstock::TaskEvent&) { finished += mine == 0; };
        tasks.add_hooks(hooks);
      },
      {.workers = 2});
  cluster.kill_at(Point::after_ack);
  cluster.tasks().enqueue(Pay{1});
  cluster.finish();
  CHECK(finished == 0);
  try {
    cluster.worker(0).enqueue(Pay{2});
    FAIL("a dead worker has enqueued something");
  } catch (const penstock::Exception& e) {
    CHECK(e.code() == penstock::Errc::unavailable);
  }
  CHECK(cluster.enqueued<Pay>().size() == 1);
}

TEST_CASE("a task that kills every worker is buried as poison; others can be started") {
  Shop shop;
  Cluster cluster(shop.setup());
  shop.in_charge = [&](penstock::Context&, int) { cluster.die(); };
  const auto ref = cluster.tasks().enqueue(Pay{1});
  for (int worker = 0; worker < 3; ++worker) {
    cluster.finish();
    CHECK_FALSE(cluster.alive(static_cast<std::size_t>(worker)));
    CHECK(refusal([&] { cluster.drain(); }).find("every worker is dead") == 0);
    cluster.advance(kLease);
    CHECK(cluster.add_worker() == static_cast<std::size_t>(worker + 1));
  }
  cluster.finish();
  CHECK(cluster.tasks().info(ref)->status == penstock::Status::failed);
  CHECK(cluster.tasks().info(ref)->error.find("poison") == 0);
  CHECK(shop.attempts.size() == 3);
}

TEST_CASE("a worker that is killed by hand, and what it held") {
  Shop shop;
  Cluster cluster(shop.setup(), {.workers = 2});
  shop.in_charge = [&](penstock::Context&, int order) {
    if (order == 1 && cluster.alive(0)) cluster.kill(0);
  };
  cluster.tasks().enqueue(Pay{1});
  cluster.finish();
  CHECK(shop.attempts == std::vector<std::uint32_t>{1, 2});
  cluster.kill(1);
  CHECK_THROWS_AS(cluster.tasks(), penstock::Exception);
  CHECK_THROWS_AS(cluster.die(), penstock::Exception);
}

}  // namespace
