// The fake clock: nothing here sleeps.
#include "shop.hpp"

namespace {

TEST_CASE("time: a task that is put off runs when its time has come") {
  Shop shop;
  Cluster cluster(shop.setup());
  cluster.tasks().enqueue(Pay{1}, {.delay = 24h * 14});
  cluster.tasks().enqueue(Pay{2}, {.at = cluster.clock().wall() + std::chrono::hours(1)});
  cluster.advance(59min);
  CHECK(cluster.drain() == 0);
  cluster.advance(1min);
  CHECK(cluster.drain() == 1);
  CHECK(shop.charged == std::vector{2});
  cluster.advance(24h * 14);
  CHECK(cluster.drain() == 1);
  CHECK(shop.charged == std::vector{2, 1});
}

TEST_CASE("time: a failed task runs again after its backoff, and then no more") {
  Shop shop;
  shop.in_charge = [](penstock::Context&, int) { throw std::runtime_error("the bank is closed"); };
  Cluster cluster(shop.setup());
  const auto ref = cluster.tasks().enqueue(Pay{1});
  CHECK(cluster.drain() == 1);
  CHECK(cluster.tasks().info(ref)->status == penstock::Status::retrying);
  cluster.advance(1min - 1ms);
  CHECK(cluster.drain() == 0);
  cluster.advance(1ms);
  CHECK(cluster.drain() == 1);
  cluster.advance(1min);
  CHECK(cluster.drain() == 1);
  CHECK(cluster.tasks().info(ref)->status == penstock::Status::failed);
  CHECK(cluster.tasks().info(ref)->error == "the bank is closed");
  CHECK(shop.attempts == std::vector<std::uint32_t>{1, 2, 3});
}

TEST_CASE("time: the jitter of a retry is the same in every run of a seed") {
  auto retries_after = [](std::uint64_t seed) {
    Cluster cluster(
        [](penstock::TaskManager& tasks) {
          tasks.handle<Receipt>([](const Receipt&) { return penstock::retry("not yet"); });
        },
        {.seed = seed});
    const auto start = cluster.clock().boot();
    cluster.tasks().enqueue(Receipt{1});
    cluster.finish();
    return cluster.clock().boot() - start;
  };
  CHECK(retries_after(1) == retries_after(1));
  CHECK(retries_after(1) != retries_after(2));
}

TEST_CASE("time: a unique key is free again after unique_for") {
  Shop shop;
  Cluster cluster(shop.setup());
  const penstock::EnqueueOptions once{.unique = "order 1", .if_taken = penstock::IfTaken::keep, .unique_for = 1h};
  cluster.tasks().enqueue(Pay{1}, once);
  cluster.drain();
  cluster.advance(59min);
  cluster.tasks().enqueue(Pay{1}, once);
  CHECK(cluster.drain() == 0);
  CHECK(cluster.enqueued<Pay>().size() == 1);
  cluster.advance(1min);
  cluster.tasks().enqueue(Pay{1}, once);
  CHECK(cluster.drain() == 1);
}

TEST_CASE("time: a handler that takes long keeps its lease") {
  Shop shop;
  Cluster cluster(shop.setup(), {.workers = 2});
  shop.in_charge = [&](penstock::Context&, int) {
    cluster.advance(2min);        // twelve leases
    CHECK(cluster.drain() == 0);  // nothing for the other worker
  };
  const auto ref = cluster.tasks().enqueue(Pay{1});
  CHECK(cluster.finish() == 1);
  CHECK(cluster.tasks().info(ref)->status == penstock::Status::succeeded);
}

TEST_CASE("time: a handler that takes too long is asked to stop, and then given up") {
  Shop shop;
  penstock::Options options = penstock::testing::quiet_options();
  options.timeout = 30s;
  options.grace = 5s;
  options.log_level = penstock::Level::error;
  Cluster cluster(shop.setup(), {.manager = options});
  bool asked = false;
  penstock::Millis takes = 31s;
  shop.in_charge = [&](penstock::Context& ctx, int) {
    const std::stop_token stop = ctx.stop_token();
    cluster.advance(takes);
    asked = stop.stop_requested();
    if (asked) throw std::runtime_error("stopped");
  };
  const auto ref = cluster.tasks().enqueue(Pay{1}, {.retries = 0});
  CHECK(cluster.drain() == 1);
  CHECK(asked);
  CHECK(cluster.tasks().info(ref)->status == penstock::Status::timed_out);

  takes = 60s;  // past the grace as well
  const auto stuck = cluster.tasks().enqueue(Pay{2}, {.retries = 0});
  cluster.drain();
  CHECK(cluster.tasks().info(stuck)->status == penstock::Status::timed_out);
  CHECK(cluster.tasks().metrics().stuck_threads == 0);  // it has returned since
  takes = 0s;
  cluster.tasks().enqueue(Pay{3});
  CHECK(cluster.drain() == 1);
  CHECK(shop.charged == std::vector{3});
}

TEST_CASE("time: a wall clock that is turned moves dates, and no leases") {
  Shop shop;
  Cluster cluster(shop.setup(), {.workers = 2});
  cluster.tasks().enqueue(Pay{1}, {.at = cluster.clock().wall() + std::chrono::hours(1)});
  cluster.clock().jump_wall(1h);
  CHECK(cluster.drain() == 1);
  cluster.kill_at(Point::before_handler);
  cluster.tasks().enqueue(Pay{2});
  cluster.drain();
  cluster.clock().jump_wall(24h);
  CHECK(cluster.drain() == 0);
  cluster.advance(10s);
  CHECK(cluster.drain() == 1);
}

TEST_CASE("time: does not go back") {
  Cluster cluster([](penstock::TaskManager&) {});
  CHECK_THROWS_AS(cluster.advance(-1ms), penstock::Exception);
}

}  // namespace
