// Who leads, by the server's clock and over the end of servers.
#include <penstock/plugin/leadership.hpp>

#include "fixture.hpp"

namespace penstock::redis {

TEST_CASE("a server that has lost its data gives no number of a term again") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.url());
  auto& leaders = *query<Leadership>(*b);
  const auto before = leaders.campaign("n", "a", Millis(60'000));
  REQUIRE(before);
  server.restart();  // it keeps nothing
  auto after = leaders.campaign("n", "b", Millis(60'000));
  while (!after) after = leaders.campaign("n", "b", Millis(60'000));  // connects again when it is due
  CHECK(after->leader == "b");
  CHECK(after->number > before->number);
  CHECK_FALSE(*leaders.renew("n", before->number, Millis(60'000)));
  CHECK_FALSE(*leaders.resign("n", before->number));
  CHECK(leaders.term("n")->leader == "b");
}

TEST_CASE("a term lapses by the server's clock, also when that is set back") {
  RedisServer server;
  TurnedHost host;
  const auto b = open(host, server.url(), {{"clock", std::string("host")}});
  auto& leaders = *query<Leadership>(*b);
  const auto first = leaders.campaign("n", "a", Millis(1000));
  host.clock.turn(-std::chrono::hours(24));
  CHECK(leaders.campaign("n", "b", Millis(1000))->leader == "a");
  REQUIRE(*leaders.renew("n", first->number, Millis(1000)));
  host.clock.turn(Millis(999));
  CHECK(leaders.campaign("n", "b", Millis(1000))->leader == "a");
  host.clock.turn(Millis(1));
  const auto second = leaders.campaign("n", "b", Millis(1000));
  CHECK(second->leader == "b");
  CHECK(second->number > first->number);
}

TEST_CASE("a full server lets a leader go on, and others take over") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.url());
  auto& leaders = *query<Leadership>(*b);
  const auto first = leaders.campaign("n", "a", Millis(60'000));
  server.cli({"CONFIG", "SET", "maxmemory", "1"});
  CHECK(*leaders.renew("n", first->number, Millis(60'000)));
  CHECK(*leaders.resign("n", first->number));
  CHECK(leaders.campaign("n", "b", Millis(60'000))->leader == "b");
}

}  // namespace penstock::redis
