// What the server's settings promise, and what is refused for it.
#include "fixture.hpp"

namespace penstock::redis {

TEST_CASE("the durability level is read from the server") {
  RedisServer server;
  testing::TestHost host;
  const auto level = [&] { return std::string(open(host, server.url())->properties().durability); };
  CHECK(level() == "memory");
  server.cli({"CONFIG", "SET", "appendonly", "yes"});
  CHECK(level() == "memory");
  server.cli({"CONFIG", "SET", "appendfsync", "no"});
  CHECK(level() == "process");
  server.cli({"CONFIG", "SET", "appendfsync", "always"});
  CHECK(level() == "power");
}

TEST_CASE("a server that gives less than was asked for is refused, and the error names both") {
  RedisServer server;
  testing::TestHost host;
  for (const char* wanted : {"process", "power", "failover"}) {
    const auto made = try_open(host, server.url(), {{"durability", std::string(wanted)}});
    REQUIRE(!made);
    CHECK(made.error().code == Errc::unsupported);
    CHECK(made.error().message.find(wanted) != std::string::npos);
    CHECK(made.error().message.find("appendonly no") != std::string::npos);
  }
  server.cli({"CONFIG", "SET", "appendonly", "yes"});
  const auto slow = try_open(host, server.url(), {{"durability", std::string("process")}});
  REQUIRE(!slow);
  CHECK(slow.error().message.find("everysec (answers before it has written") != std::string::npos);
  server.cli({"CONFIG", "SET", "appendfsync", "no"});
  CHECK(try_open(host, server.url(), {{"durability", std::string("process")}}));
  CHECK(!try_open(host, server.url(), {{"durability", std::string("power")}}));
}

TEST_CASE("a server that evicts keys is refused, unless that is allowed") {
  RedisServer server({"--maxmemory-policy", "allkeys-lru"});
  testing::TestHost host;
  const auto made = try_open(host, server.url());
  REQUIRE(!made);
  CHECK(made.error().message.find("allkeys-lru") != std::string::npos);
  CHECK(try_open(host, server.url(), {{"allow_eviction", true}}));
}

TEST_CASE("what the server gives is looked at again while the program runs, and a change is said once a minute") {
  RedisServer server({"--appendonly", "yes", "--appendfsync", "always"});
  TurnedHost host;
  const auto b = open(host, server.url(), {{"clock", std::string("host")}});
  const auto complaints = [&] {
    std::size_t n = 0;
    for (std::size_t at = 0; (at = host.said.find("the server was changed", at)) != std::string::npos; ++at) ++n;
    return n;
  };
  server.cli({"CONFIG", "SET", "appendfsync", "everysec"});
  REQUIRE(claim(*b, 1));
  CHECK(complaints() == 0);
  for (std::size_t minute = 1; minute <= 2; ++minute) {
    host.clock.turn(std::chrono::minutes(1));
    REQUIRE(claim(*b, 1));
    REQUIRE(claim(*b, 1));
    CHECK(complaints() == minute);
  }
  CHECK(host.said.find("\"power\" was asked for, and the server gives \"memory\"") != std::string::npos);
  server.cli({"CONFIG", "SET", "appendfsync", "always"});
  server.cli({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  host.clock.turn(std::chrono::minutes(1));
  REQUIRE(claim(*b, 1));
  CHECK(complaints() == 3);
  CHECK(host.said.find("allkeys-lru") != std::string::npos);
  server.cli({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  host.clock.turn(std::chrono::minutes(1));
  REQUIRE(claim(*b, 1));
  CHECK(complaints() == 3);
}

TEST_CASE("a change that no replica confirms is of unknown outcome, and sending it again is safe") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.url(), {{"replicas", std::int64_t{1}}, {"timeout", std::string("2s")}});
  const auto first = put(*b, task(1));
  REQUIRE(!first);
  CHECK(first.error().code == Errc::unknown_outcome);
  const auto plain = open(host, server.url());
  CHECK(*put(*plain, task(1)) == Item::exists);
}

TEST_CASE("with a replica that confirms, the level is failover") {
  RedisServer server({"--min-replicas-to-write", "0", "--appendonly", "yes", "--appendfsync", "always"});
  RedisServer replica({"--replicaof", "127.0.0.1 " + std::to_string(server.port())});
  replica.said("Finished with success");
  server.cli({"CONFIG", "SET", "min-replicas-to-write", "1"});
  REQUIRE(insist([&] {  // the master has yet to hear from it
    return server.cli({"INFO", "replication"}).find("min_slaves_good_slaves:1") != std::string::npos;
  }));
  testing::TestHost host;
  const auto b = open(host, server.url(), {{"durability", std::string("failover")}});
  CHECK(std::string(b->properties().durability) == "failover");
  const auto entered = put(*b, task(1));
  REQUIRE(entered);
  CHECK(*entered == Item::ok);
  const auto claimed = claim(*b, 1);
  REQUIRE(claimed);
  CHECK(claimed->leased.size() == 1);
}

}  // namespace penstock::redis
