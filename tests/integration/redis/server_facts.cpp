// What is read of a server's settings, and the durability that follows.
#include "redis/server_facts.hpp"

#include "integration/redis/fixture.hpp"
#include "support/redis/server.hpp"

namespace penstock::redis {
namespace {

using testing::RedisServer;

ServerFacts facts_of(Client& client) {
  auto facts = read_server_facts(client, in(10s));
  if (!facts) FAIL(facts.error().message);
  REQUIRE(facts->size() == 1);
  return facts->front();
}

TEST_CASE("the level follows the server's settings, also when they change while it runs") {
  RedisServer server;
  Client client(options(server.url()));
  CHECK(facts_of(client).level() == Durability::memory);
  server.cli({"CONFIG", "SET", "appendonly", "yes"});
  CHECK(facts_of(client).append_fsync == "everysec");
  CHECK(facts_of(client).level() == Durability::memory);
  server.cli({"CONFIG", "SET", "appendfsync", "no"});
  CHECK(facts_of(client).level() == Durability::process);
  server.cli({"CONFIG", "SET", "appendfsync", "always"});
  server.cli({"CONFIG", "SET", "no-appendfsync-on-rewrite", "yes"});
  CHECK(facts_of(client).level() == Durability::process);
  server.cli({"CONFIG", "SET", "no-appendfsync-on-rewrite", "no"});
  const ServerFacts facts = facts_of(client);
  CHECK(facts.level() == Durability::power);
  CHECK(facts.eviction == "noeviction");
  CHECK(facts.version.substr(0, 1) >= "6");
  CHECK(facts.run_id.size() == 40);
  CHECK(facts.min_replicas_to_write == 0);
  server.cli({"CONFIG", "SET", "maxmemory", "100mb", "maxmemory-policy", "allkeys-lru"});
  CHECK(facts_of(client).eviction == "allkeys-lru");
  CHECK(facts_of(client).max_memory == 100u << 20);
}

TEST_CASE("replicas are counted, and the minimum of them is read") {
  RedisServer server({"--min-replicas-to-write", "1"});
  RedisServer replica({"--replicaof", "127.0.0.1 " + std::to_string(server.port())});
  replica.said("Finished with success");
  Client client(options(server.url()));
  const ServerFacts facts = facts_of(client);
  CHECK(facts.replicas == 1);
  CHECK(facts.min_replicas_to_write == 1);
}

TEST_CASE("where CONFIG is refused, the weaker level counts") {
  RedisServer server({"--appendonly", "yes", "--appendfsync", "always", "--min-replicas-to-write", "2"});
  server.cli({"ACL", "SETUSER", "anna", "on", ">secret", "~*", "&*", "+@all", "-config"});
  Client client(options("redis://anna:secret@127.0.0.1:" + std::to_string(server.port())));
  const ServerFacts facts = facts_of(client);
  CHECK(facts.level() == Durability::memory);
  CHECK(facts.append_fsync.empty());
  CHECK(facts.min_replicas_to_write == 1);
}

}  // namespace
}  // namespace penstock::redis
