// A pause that one process sets holds in all, on whichever node a queue is.
#include "fixture.hpp"
#include "support/redis/cluster.hpp"

namespace penstock::redis {
namespace {

std::size_t claimed(DurableBackend& b, std::string_view queue) {
  return claim(b, 10, Millis(60'000), queue)->leased.size();
}

void check_pauses(const std::string& url, const Written& more) {
  testing::TestHost host;
  const auto one = open(host, url, more), other = open(host, url, more);
  auto& gates = *query<Gates>(*one);
  for (const char* queue : {"a", "b"}) REQUIRE(*put(*one, task(1, queue)) == Item::ok);

  REQUIRE(gates.hold("a", "", kHoldForever));
  CHECK(claimed(*other, "a") == 0);
  CHECK(claimed(*other, "b") == 1);

  REQUIRE(gates.hold("*", "", kHoldForever));
  for (const char* queue : {"b", "c"}) REQUIRE(*put(*other, task(2, queue)) == Item::ok);  // c is new
  for (const char* queue : {"a", "b", "c"}) {
    CHECK(claimed(*other, queue) == 0);
    CHECK(claimed(*open(host, url, more), queue) == 0);  // of a process that starts now
  }
  CHECK(query<Gates>(*other)->gates("")->at(0).queue == "*");

  const std::uint64_t bell = claim(*other, 10, Millis(60'000), "c")->bell;
  REQUIRE(query<Gates>(*other)->hold("*", "", Millis(0)));
  CHECK(*query<Waiter>(*other)->wait(bell, std::chrono::minutes(1)) != bell);
  CHECK(claimed(*one, "c") == 1);
  CHECK(claimed(*one, "b") == 1);
  CHECK(claimed(*one, "a") == 0);  // its own pause goes on
  REQUIRE(query<Gates>(*other)->hold("a", "", Millis(0)));
  CHECK(claimed(*one, "a") == 1);
}

}  // namespace

TEST_CASE("pauses of one queue and of all hold in every process") {
  RedisServer server;
  check_pauses(server.url(), {});
}

TEST_CASE("pauses of one queue and of all hold in every process on a cluster") {
  testing::RedisCluster cluster;
  check_pauses(cluster.url(), {{"cluster", true}});
}

// Whoever ends the hold of all does not know of the queue yet, or tells it before it is told of the hold.
TEST_CASE("a hold of all that ends while a new queue is told of it leaves no queue shut") {
  RedisServer server;
  TurnedHost host;
  testing::TestHost plain;
  const auto one = open(host, server.url(), {{"clock", std::string("host")}}), other = open(plain, server.url());
  REQUIRE(query<Gates>(*other)->hold("*", "", kHoldForever));
  int scripts = 0;
  host.clock.read = [&] {  // the first script asks, the second tells
    if (++scripts == 2) REQUIRE(query<Gates>(*other)->hold("*", "", Millis(0)));
  };
  REQUIRE(*put(*one, task(1, "new")) == Item::ok);
  CHECK(scripts >= 2);
  CHECK(claimed(*other, "new") == 1);
}

TEST_CASE("a new queue that may have been told of a hold which was over is told again") {
  RedisServer server;
  TurnedHost host;
  testing::TestHost plain;
  const auto one = open(host, server.url(), {{"clock", std::string("host")}, {"timeout", std::string("1s")}});
  const auto other = open(plain, server.url());
  REQUIRE(query<Gates>(*other)->hold("*", "", kHoldForever));
  int scripts = 0;
  host.clock.read = [&] {
    ++scripts;
    if (scripts == 2) REQUIRE(query<Gates>(*other)->hold("*", "", Millis(0)));
    if (scripts == 3) server.freeze();  // what it asks for after that is not answered in time
  };
  CHECK(!put(*one, task(1, "new")));
  server.thaw();
  REQUIRE(insist([&] { return put(*one, task(1, "new")); }));
  CHECK(claimed(*other, "new") == 1);
}

TEST_CASE("a new queue is told of the hold of all that there is, not of a longer one that was before") {
  RedisServer server;
  TurnedHost host;
  const Written by_host{{"clock", std::string("host")}};
  const auto one = open(host, server.url(), by_host), other = open(host, server.url(), by_host);
  auto& gates = *query<Gates>(*other);
  const Millis before = GENERATE(true, false) ? kHoldForever : Millis(60'000);
  REQUIRE(gates.hold("*", "", before));
  int scripts = 0;
  host.clock.read = [&] {
    if (++scripts != 2) return;
    REQUIRE(gates.hold("*", "", Millis(0)));
    REQUIRE(gates.hold("*", "", Millis(5000)));
  };
  REQUIRE(*put(*one, task(1, "new")) == Item::ok);
  CHECK(scripts > 2);
  CHECK(claimed(*other, "new") == 0);
  host.clock.turn(Millis(5001));
  CHECK(claimed(*other, "new") == 1);
}

TEST_CASE("a queue that may have been told of a hold which was over is told again, though its server was away") {
  RedisServer server;
  TurnedHost host;
  testing::TestHost plain;
  const auto one = open(host, server.url(), {{"clock", std::string("host")}, {"timeout", std::string("1s")}});
  const auto other = open(plain, server.url());
  REQUIRE(*put(*one, task(1, "old")) == Item::ok);
  REQUIRE(query<Gates>(*other)->hold("*", "", kHoldForever));
  REQUIRE(server.cli({"SREM", "{penstock}:queues", "old"}) == "1");
  host.clock.turn(std::chrono::minutes(2));  // it looks whether the name is known
  int scripts = 0;
  host.clock.read = [&] {
    ++scripts;
    if (scripts == 2) REQUIRE(query<Gates>(*other)->hold("*", "", Millis(0)));
    if (scripts == 3) server.freeze();
  };
  CHECK(!put(*one, task(2, "old")));
  CHECK(!put(*one, task(2, "old")));
  server.thaw();
  REQUIRE(insist([&] { return put(*one, task(2, "old")); }));  // it may go without asking once more
  host.clock.turn(std::chrono::seconds(1));
  REQUIRE(put(*one, task(3, "old")));
  CHECK(claimed(*other, "old") == 3);
}

}  // namespace penstock::redis
