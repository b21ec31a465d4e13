// What a test can say about the tasks that were enqueued.
#include "shop.hpp"

namespace {

TEST_CASE("enqueued: tasks of a type, decoded, oldest first, whatever has become of them") {
  Shop shop;
  Cluster cluster(shop.setup(), {.workers = 2});
  cluster.worker(0).enqueue(Pay{1}, {.priority = -5, .delay = 1h, .metadata = {{"shop", "north"}}});
  cluster.worker(1).enqueue_many(std::vector{Pay{2}, Pay{3}});
  cluster.tasks().enqueue(Receipt{1});
  cluster.drain();
  const auto charges = cluster.enqueued<Pay>();
  REQUIRE(charges.size() == 3);
  CHECK(charges[0].job.order == 1);
  CHECK(charges[0].delay == 1h);
  CHECK(charges[0].request.priority == -5);
  CHECK(charges[0].request.ref.queue == "money");
  CHECK(charges[0].request.metadata == penstock::Metadata{{"shop", "north"}});
  CHECK(charges[2].job.order == 3);
  CHECK(cluster.enqueued<Pay>([](const Pay& job) { return job.order > 1; }).size() == 2);
  CHECK(cluster.sightings().size() == 4);
  CHECK(cluster.sightings("receipt").at(0).request.payload == R"({"order":1})");
}

TEST_CASE("enqueued: children count as soon as their parent's end is accepted") {
  Cluster cluster([](penstock::TaskManager& tasks) {
    tasks.handle<Pay>([](penstock::Context& ctx, const Pay& job) -> penstock::Outcome {
      std::string payload;
      penstock::value_or_throw(penstock::Payload<Receipt>::encode({job.order}, ctx.codec({}), payload));
      penstock::value_or_throw(ctx.add_child(penstock::job<Receipt>, payload, "json"));
      return ctx.task().attempt == 1 ? penstock::retry("once more") : penstock::done();
    });
  });
  cluster.tasks().enqueue(Pay{5});
  cluster.drain();
  cluster.refused<Receipt>();
  cluster.advance(1min);
  cluster.drain();
  CHECK(cluster.enqueued<Receipt>().size() == 1);
  CHECK(cluster.required<Receipt>().job.order == 5);
}

TEST_CASE("enqueued: what was refused is not, nor what another task stood for") {
  Shop shop;
  Cluster cluster(shop.setup());
  const auto ref = cluster.tasks().enqueue(Pay{1}, {.unique = "a"});
  cluster.tasks().enqueue(Pay{1}, {.id = ref.id, .unique = "a"});  // sent twice: it is there once
  CHECK_THROWS_AS(cluster.tasks().enqueue(Pay{2}, {.unique = "a"}), penstock::Exception);
  cluster.tasks().enqueue(Pay{3}, {.unique = "a", .if_taken = penstock::IfTaken::keep});
  CHECK(cluster.enqueued<Pay>().size() == 1);
}

TEST_CASE("enqueued: transforms are undone") {
  Shop shop;
  penstock::Options options = penstock::testing::quiet_options();
  options.codecs = {{.use = "protobuf"}};
  Cluster cluster(shop.setup(), {.manager = options});
  cluster.tasks().enqueue(Pay{300});
  CHECK(cluster.required<Pay>().job.order == 300);
  CHECK(cluster.required<Pay>().request.codec == "protobuf");
}

TEST_CASE("required: says what was enqueued when it is not there") {
  Shop shop;
  Cluster cluster(shop.setup());
  CHECK(refusal([&] { cluster.required<Pay>(); }) == "required a task of kind \"charge\"; enqueued were 0");
  cluster.tasks().enqueue(Pay{1});
  CHECK(cluster.required<Pay>([](const Pay& job) { return job.order == 1; }).job.order == 1);
  const std::string why = refusal([&] { cluster.required<Pay>([](const Pay& job) { return job.order == 2; }); });
  CHECK(why.find("required a task of kind \"charge\", that matches; enqueued were 1:\n  charge money/") == 0);
  CHECK(why.find(R"({"order":1})") != std::string::npos);
  CHECK_THROWS_AS(cluster.required<Receipt>(), Failed);
}

TEST_CASE("refused: says what was enqueued when it is there") {
  Shop shop;
  Cluster cluster(shop.setup());
  cluster.refused<Pay>();
  cluster.tasks().enqueue(Pay{1});
  cluster.refused<Pay>([](const Pay& job) { return job.order == 2; });
  cluster.refused<Receipt>();
  CHECK(refusal([&] { cluster.refused<Pay>(); }).find("refused any task of kind \"charge\"; enqueued were 1:") == 0);
}

}  // namespace
