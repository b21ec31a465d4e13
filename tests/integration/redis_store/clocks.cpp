// Clocks that are set back, and a server that lost its tail.
#include "fixture.hpp"

namespace penstock::redis {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

const Written kByHost{{"clock", std::string("host")}};

}  // namespace

TEST_CASE("a clock that is set back neither prolongs a lease nor brings one back") {
  RedisServer server;
  TurnedHost host;
  const auto b = open(host, server.socket_url(), kByHost);
  REQUIRE(*put(*b, task(1)) == Item::ok);
  const auto first = claim(*b, 1, seconds(10));
  REQUIRE(first->leased.size() == 1);

  host.clock.turn(-hours(5));
  CHECK(claim(*b, 1)->leased.empty());  // this much the queue has seen: its clock goes on from here
  host.clock.turn(seconds(9));
  CHECK(claim(*b, 1)->leased.empty());
  host.clock.turn(seconds(2));
  const auto second = claim(*b, 1, seconds(10));
  REQUIRE(second->leased.size() == 1);
  CHECK(second->leased[0].lapsed);
  CHECK(second->leased[0].epoch > first->leased[0].epoch);

  host.clock.turn(-hours(5));
  CHECK(*settle(*b, first->leased[0]) == Item::lease_lost);
  CHECK(*settle(*b, second->leased[0]) == Item::ok);
}

TEST_CASE("an epoch that was lost with the tail is not given again") {
  RedisServer server;
  testing::TestHost host;
  Epoch lost = 0;
  {
    const auto b = open(host, server.url());
    REQUIRE(*put(*b, task(1)) == Item::ok);
    for (int i = 0; i < 50; ++i) {  // counters alone would start again below these
      const auto x = claim(*b, 1);
      REQUIRE(x->leased.size() == 1);
      lost = x->leased[0].epoch;
      REQUIRE(*settle(*b, x->leased[0], State::ready) == Item::ok);
    }
  }
  server.restart();  // without persistence: all is gone
  const auto b = open(host, server.url());
  REQUIRE(*put(*b, task(1)) == Item::ok);
  const auto x = claim(*b, 1);
  REQUIRE(x->leased.size() == 1);
  CHECK(x->leased[0].epoch > lost);
}

TEST_CASE("a backend goes on by itself when its server was restarted") {
  RedisServer server({"--appendonly", "yes", "--appendfsync", "always"});
  testing::TestHost host;
  const auto b = open(host, server.url(), {{"durability", std::string("process")}});
  REQUIRE(*put(*b, task(1)) == Item::ok);
  const auto held = claim(*b, 1);
  REQUIRE(*put(*b, task(2)) == Item::ok);
  const std::uint64_t bell = claim(*b, 0)->bell;
  server.restart();
  // The connections are gone; whoever waited is told to look.
  CHECK(*query<Waiter>(*b)->wait(bell, seconds(10)) != bell);
  const auto again = insist([&] { return claim(*b, 5); });
  REQUIRE(again);
  REQUIRE(again->leased.size() == 1);
  CHECK(again->leased[0].id == id(2));
  CHECK(*settle(*b, held->leased[0]) == Item::ok);
}

// Both of its arrivals are in the index, as long as others of their time wait.
TEST_CASE("an id that was forgotten and has come again is listed once") {
  RedisServer server;
  TurnedHost host;
  const auto b = open(host, server.socket_url(), kByHost);
  for (int n : {1, 2}) REQUIRE(*put(*b, task(n)) == Item::ok);
  REQUIRE(*settle(*b, claim(*b, 1)->leased.at(0)) == Item::ok);
  for (int i = 0; i < 2; ++i) {
    host.clock.turn(seconds(11));
    REQUIRE(b->trim({.queue = "q"}));
  }
  REQUIRE(*put(*b, task(1)) == Item::ok);
  std::string next;
  const auto page = query<Browser>(*b)->list({.queue = "q", .state = State::ready}, next);
  REQUIRE(page);
  REQUIRE(page->size() == 2);
  CHECK(page->at(0).first == id(2));
  CHECK(page->at(1).first == id(1));
  CHECK(query<Audit>(*b)->audit(1)->tasks == 2);
  CHECK(unsound(*b) == "");
}

}  // namespace penstock::redis
