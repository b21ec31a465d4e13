// Several workers over one store and one clock.
#include <algorithm>
#include <stop_token>

#include "shop.hpp"

namespace {

TEST_CASE("cluster: workers take turns, and the same test does the same in every run") {
  auto run = [] {
    std::vector<std::pair<int, int>> ran;
    int worker = 0;
    Cluster cluster(
        [&](penstock::TaskManager& tasks) {
          tasks.handle<Pay>([&ran, mine = worker++](const Pay& job) { ran.emplace_back(mine, job.order); });
        },
        {.workers = 3});
    for (int order = 0; order < 30; ++order) cluster.tasks().enqueue(Pay{order});
    CHECK(cluster.drain() == 30);
    return ran;
  };
  const auto first = run();
  for (int worker : {0, 1, 2}) {
    CHECK(std::ranges::count_if(first, [&](const auto& by) { return by.first == worker; }) >= 8);
  }
  CHECK(run() == first);
}

TEST_CASE("cluster: a step is one attempt at the most, of one worker") {
  Shop shop;
  Cluster cluster(shop.setup(), {.workers = 2});
  CHECK_FALSE(cluster.step(1));
  cluster.tasks().enqueue(Pay{1});
  cluster.tasks().enqueue(Pay{2});
  for (int steps = 0; shop.charged.empty() && steps < 10; ++steps) CHECK(cluster.step(1));  // looks, and claims
  CHECK(shop.charged == std::vector{1});
  CHECK_THROWS_AS(cluster.step(2), penstock::Exception);
}

TEST_CASE("cluster: limits of a queue hold for all workers together") {
  Shop shop;
  int now = 0, most = 0;
  Cluster cluster(shop.setup(), {.workers = 3});
  shop.in_charge = [&](penstock::Context&, int) {
    most = std::max(most, ++now);
    cluster.drain();  // the others go on meanwhile
    --now;
  };
  for (int order = 0; order < 6; ++order) cluster.tasks().enqueue(Pay{order});
  SECTION("none: all three at once") {
    cluster.finish();
    CHECK(most == 3);
  }
  SECTION("two") {
    cluster.tasks().set_limit("money", "", penstock::Limit{.running = 2});
    cluster.finish();
    CHECK(most == 2);
  }
  CHECK(shop.charged.size() == 6);
}

TEST_CASE("cluster: a cancel reaches the handler that runs") {
  Shop shop;
  Cluster cluster(shop.setup(), {.workers = 2});
  penstock::TaskRef ref;
  shop.in_charge = [&](penstock::Context& ctx, int) {
    const std::stop_token stop = ctx.stop_token();
    CHECK(cluster.worker(1).cancel(ref) == penstock::Cancelled::requested);
    cluster.advance(1ms);
    CHECK(stop.stop_requested());
    throw std::runtime_error("stopped");
  };
  ref = cluster.tasks().enqueue(Pay{1});
  cluster.finish();
  CHECK(cluster.tasks().info(ref)->status == penstock::Status::cancelled);
}

TEST_CASE("cluster: a task that a worker has leased ahead is cancelled before it runs") {
  Shop shop;
  Cluster cluster(shop.setup());
  std::vector<penstock::TaskRef> refs;
  for (int order : {1, 2, 3}) refs.push_back(cluster.tasks().enqueue(Pay{order}));
  shop.in_charge = [&](penstock::Context&, int order) {
    cluster.advance(1ms);  // so that it knows how long they take
    if (order == 2) CHECK(cluster.tasks().cancel(refs[2]) == penstock::Cancelled::requested);
  };
  cluster.finish();
  CHECK(shop.charged == std::vector{1, 2});
  CHECK(cluster.tasks().info(refs[2])->status == penstock::Status::cancelled);
}

TEST_CASE("cluster: a worker that lacks the handler leaves the task to another") {
  int worker = 0;
  std::vector<int> by;
  Cluster cluster(
      [&](penstock::TaskManager& tasks) {
        const int mine = worker++;
        if (mine == 1) tasks.handle<Pay>([&by, mine](const Pay&) { by.push_back(mine); });
        tasks.handle<Receipt>([](const Receipt&) {});
      },
      {.workers = 2});
  cluster.tasks().enqueue(Pay{1});
  cluster.finish();
  CHECK(by == std::vector{1});
}

TEST_CASE("a manager on a backend of the program's own: there has to be one") {
  CHECK_THROWS_AS(penstock::TaskManager::open(penstock::testing::quiet_options(), nullptr), penstock::Exception);
}

}  // namespace
