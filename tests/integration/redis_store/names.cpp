// The names of the queues: whoever puts a task in sees to it that it will be found.
#include <algorithm>

#include "fixture.hpp"

namespace penstock::redis {
namespace {

std::vector<std::string> names(DurableBackend& b) {
  std::vector<std::string> out;
  const auto all = b.counts();
  for (const Counts& c : *all) out.push_back(c.queue);
  return out;
}
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a store that was emptied learns the names again from those who put tasks in") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.url()), other = open(host, server.url());
  REQUIRE(*put(*b, task(1)) == Item::ok);
  REQUIRE(*put(*b, task(2, "r")) == Item::ok);
  const bool restarted = GENERATE(false, true);
  if (restarted) {
    server.restart();  // without persistence
  } else {
    server.cli({"FLUSHALL"});
  }
  // A worker may be first to come back to a queue that it was told of.
  REQUIRE(insist([&] { return claim(*other, 1); }));
  const std::vector<NewTask> both{task(3), task(4, "r")};
  REQUIRE(insist([&] { return b->enqueue(both, nullptr); }));
  CHECK(names(*other) == Names{"q", "r"});
  CHECK(claim(*other, 5)->leased.size() == 1);
}

TEST_CASE("a name alone that was lost is put in again within a minute by those who put tasks in") {
  RedisServer server;
  TurnedHost host;
  const auto b = open(host, server.url(), {{"clock", std::string("host")}});
  REQUIRE(*put(*b, task(1)) == Item::ok);
  server.cli({"DEL", "{penstock}:queues"});
  host.clock.turn(std::chrono::minutes(1));
  REQUIRE(*put(*b, task(2)) == Item::ok);
  CHECK(names(*b) == Names{"q"});
}

TEST_CASE("a name alone that was lost is put in again by those who work, too") {
  RedisServer server;
  TurnedHost host;
  const Written by_host{{"clock", std::string("host")}};
  REQUIRE(*put(*open(host, server.url(), by_host), task(1)) == Item::ok);
  const auto worker = open(host, server.url(), by_host);
  server.cli({"DEL", "{penstock}:queues"});
  REQUIRE(claim(*worker, 5)->leased.size() == 1);
  CHECK(names(*worker) == Names{"q"});
}

TEST_CASE("what holds for all queues goes for one whose name was lost") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.url());
  REQUIRE(*put(*b, task(1)) == Item::ok);
  server.cli({"FLUSHALL"});
  REQUIRE(query<Gates>(*b)->hold("*", "", kHoldForever));
  REQUIRE(*put(*b, task(2)) == Item::ok);
  CHECK(claim(*b, 5)->leased.empty());
  REQUIRE(query<Gates>(*b)->hold("*", "", Millis(0)));
  CHECK(claim(*b, 5)->leased.size() == 1);
}

TEST_CASE("remembered names cost an enqueue nothing") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.url());
  REQUIRE(*put(*b, task(1)) == Item::ok);
  const long before = told(server, "evalsha");
  REQUIRE(*put(*b, task(2)) == Item::ok);
  CHECK(told(server, "evalsha") - before == 1);
}

}  // namespace penstock::redis
