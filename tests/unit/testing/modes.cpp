// When tasks run: when the test says so, or at the enqueue.
#include <thread>

#include "shop.hpp"

namespace {

TEST_CASE("drain: runs what is due and what that brings, in order") {
  Shop shop;
  Cluster cluster(shop.setup());
  shop.in_charge = [&](penstock::Context&, int order) { cluster.tasks().enqueue(Receipt{order}); };
  for (int order : {1, 2, 3}) cluster.tasks().enqueue(Pay{order});
  CHECK(shop.charged.empty());
  CHECK(cluster.drain() == 6);
  CHECK(shop.charged == std::vector{1, 2, 3});
  CHECK(shop.receipts == std::vector{1, 2, 3});
  CHECK(cluster.drain() == 0);
}

TEST_CASE("drain: says so when it never ends") {
  Shop shop;
  Cluster cluster(shop.setup(), {.most_attempts = 50});
  shop.in_charge = [&](penstock::Context&, int order) { cluster.tasks().enqueue(Pay{order + 1}); };
  cluster.tasks().enqueue(Pay{1});
  const std::string why = refusal([&] { cluster.drain(); });
  CHECK(why.find("drain: 50 attempts") == 0);
  CHECK(why.find("charge money/") != std::string::npos);
}

TEST_CASE("finish: lets time pass until nothing is left") {
  Shop shop;
  Cluster cluster(shop.setup());
  int refused = 2;
  shop.in_charge = [&](penstock::Context&, int) {
    if (refused-- > 0) throw std::runtime_error("not yet");
  };
  cluster.tasks().enqueue(Pay{1}, {.delay = 24h});
  const auto start = cluster.clock().boot();
  CHECK(cluster.finish() == 3);
  CHECK(shop.charged == std::vector{1});
  CHECK(cluster.clock().boot() - start == 24h + 1min + 1min);
}

TEST_CASE("finish: says so when it never ends") {
  Shop shop;
  Cluster cluster(shop.setup(), {.most_attempts = 50});
  SECTION("a task that makes another for tomorrow") {
    shop.in_charge = [&](penstock::Context&, int order) { cluster.tasks().enqueue(Pay{order}, {.delay = 24h}); };
    cluster.tasks().enqueue(Pay{1});
  }
  SECTION("a task that nobody can run") { cluster.tasks().enqueue_bytes({.kind = "unknown"}, ""); }
  CHECK(refusal([&] { cluster.finish(); }).find("finish: 50 attempts") == 0);
}

TEST_CASE("inline: an enqueue runs the task before it returns") {
  Shop shop;
  Cluster cluster(shop.setup(), {.mode = Mode::inline_});
  const auto ref = cluster.tasks().enqueue(Pay{1});
  CHECK(shop.charged == std::vector{1});
  CHECK(cluster.tasks().info(ref)->status == penstock::Status::succeeded);
  CHECK(cluster.tasks().metrics().total.completed == 1);
  cluster.tasks().enqueue_many(std::vector{Pay{2}, Pay{3}});
  CHECK(shop.charged == std::vector{1, 2, 3});
}

TEST_CASE("inline: what a handler enqueues runs before the enqueue outside returns") {
  Shop shop;
  Cluster cluster(shop.setup(), {.workers = 2, .mode = Mode::inline_});
  shop.in_charge = [&](penstock::Context&, int order) {
    cluster.tasks().enqueue(Receipt{order});
    CHECK(shop.receipts.empty());  // one after the other, as in production
  };
  cluster.tasks().enqueue(Pay{1});
  CHECK(shop.receipts == std::vector{1});
}

TEST_CASE("inline: handlers run in the thread of the test alone") {
  Shop shop;
  Cluster cluster(shop.setup(), {.mode = Mode::inline_});
  std::thread([&] { cluster.tasks().enqueue(Pay{1}); }).join();
  CHECK(shop.charged.empty());
  CHECK(cluster.drain() == 1);
  CHECK(shop.charged == std::vector{1});
}

TEST_CASE("inline: retries and delays wait for their time") {
  Shop shop;
  Cluster cluster(shop.setup(), {.mode = Mode::inline_});
  bool open = false;
  shop.in_charge = [&](penstock::Context&, int) {
    if (!open) throw std::runtime_error("closed");
  };
  const auto ref = cluster.tasks().enqueue(Pay{1});
  CHECK(cluster.tasks().info(ref)->status == penstock::Status::retrying);
  open = true;
  cluster.advance(1min);
  CHECK(cluster.tasks().info(ref)->status == penstock::Status::succeeded);
  cluster.tasks().enqueue(Receipt{1}, {.delay = 1h});
  CHECK(shop.receipts.empty());
  cluster.advance(1h);
  CHECK(shop.receipts == std::vector{1});
}

TEST_CASE("inline: codec, middleware and hooks are those of production") {
  std::vector<std::string> heard;
  Cluster cluster(
      [&](penstock::TaskManager& tasks) {
        tasks.use([&](penstock::Context& ctx, const penstock::Next& next) {
          heard.push_back("middleware " + std::string(ctx.task().codec));
          return next(ctx);
        });
        tasks.use_enqueue([&](std::span<penstock::EnqueueRequest> requests, const penstock::EnqueueNext& next) {
          heard.push_back("enqueue " + requests[0].payload);
          return next(requests);
        });
        penstock::Hooks hooks;
        hooks.on_queued = [&](const penstock::TaskEvent&) { heard.push_back("queued"); };
        hooks.on_finish = [&](const penstock::TaskEvent& e) {
          heard.push_back(std::string("finish ") + penstock::name(e.status));
        };
        tasks.add_hooks(hooks);
        tasks.handle<Pay>([&](const Pay&) { heard.push_back("handler"); });
      },
      {.mode = Mode::inline_});
  cluster.tasks().enqueue(Pay{7});
  CHECK(heard ==
        std::vector<std::string>{"enqueue {\"order\":7}", "queued", "middleware json", "handler", "finish succeeded"});
}

TEST_CASE("inline: an endless chain is an error of the enqueue") {
  Shop shop;
  Cluster cluster(shop.setup(), {.mode = Mode::inline_, .most_attempts = 20});
  shop.in_charge = [&](penstock::Context&, int order) { cluster.tasks().enqueue(Pay{order}); };
  CHECK_THROWS_AS(cluster.tasks().enqueue(Pay{1}), Failed);
}

TEST_CASE("closures run as well, in the thread of the test") {
  for (Mode mode : {Mode::manual, Mode::inline_}) {
    Cluster cluster([](penstock::TaskManager&) {}, {.mode = mode});
    const auto thread = std::this_thread::get_id();
    auto ticket = cluster.tasks().submit([thread] { return std::this_thread::get_id() == thread; });
    if (mode == Mode::manual) cluster.drain();
    CHECK(ticket.get());
    int tries = 0;
    cluster.tasks().submit([&tries] { return ++tries < 3 ? penstock::retry("again") : penstock::done(); });
    cluster.finish();
    CHECK(tries == 3);
  }
}

TEST_CASE("results are there when the tasks have run; a call that would wait for them says so") {
  Cluster cluster(
      [](penstock::TaskManager& tasks) { tasks.handle<Pay>([](const Pay& job) { return job.order * 2; }); });
  const auto ref = cluster.tasks().enqueue(Pay{21});
  CHECK(refusal([&] { cluster.tasks().result<int>(ref); }).find("stepped by hand") != std::string::npos);
  CHECK(refusal([&] { cluster.tasks().drain(); }).find("stepped by hand") != std::string::npos);
  cluster.drain();
  CHECK(cluster.tasks().result<int>(ref) == 42);
}

TEST_CASE("the stream of results: what has ended is in it, and a wait for more says so") {
  Shop shop;
  Cluster cluster(shop.setup(), {.workers = 2});
  penstock::Results results = cluster.tasks().results();
  const auto ref = cluster.tasks().enqueue(Pay{1});
  CHECK_FALSE(results.next(0ms));
  CHECK(refusal([&] { results.next(1h); }).find("stepped by hand") != std::string::npos);
  cluster.finish();
  CHECK(results.next(1h).value().ref == ref);
  CHECK(refusal([&] { results.next(penstock::Millis::max()); }).find("stepped by hand") != std::string::npos);
  CHECK_FALSE(results.closed());
  cluster.kill(0);
  CHECK(results.closed());
  CHECK_FALSE(results.next(1h));
}

}  // namespace
