// What follows from the settings that servers tell.
#include <catch2/catch.hpp>

#include "redis/server_facts.hpp"

namespace penstock::redis {
namespace {

ServerFacts server(bool append_only, std::string fsync, std::uint32_t min_replicas = 0) {
  ServerFacts f;
  f.append_only = append_only;
  f.append_fsync = std::move(fsync);
  f.syncs_always = true;
  f.eviction = "noeviction";
  f.min_replicas_to_write = min_replicas;
  return f;
}

TEST_CASE("INFO is read line by line, whatever else it has") {
  ServerFacts f;
  read_info(
      "# Server\r\nredis_version:7.0.15\r\n\r\nno colon\r\naof_enabled:1\r\nmaxmemory_policy:volatile-lru\r\nmaxmem",
      f);
  CHECK(f.version == "7.0.15");
  CHECK(f.append_only);
  CHECK(f.evicts());
  CHECK(f.max_memory == 0);
}

TEST_CASE("failover wants three: replicas, a caller who waits for them, and a primary that writes before it answers") {
  CHECK(server(true, "no", 1).level(0) == Durability::process);
  CHECK(server(true, "no", 0).level(1) == Durability::process);
  CHECK(server(true, "no", 1).level(1) == Durability::failover);
  CHECK(server(false, "", 1).level(1) == Durability::memory);
  CHECK(server(true, "everysec", 1).level(1) == Durability::memory);
}

TEST_CASE("what a server gives by itself is what it has done before it answers") {
  CHECK(server(false, "always").alone() == Durability::memory);
  CHECK(server(true, "").alone() == Durability::memory);
  CHECK(server(true, "everysec").alone() == Durability::memory);
  CHECK(server(true, "no").alone() == Durability::process);
  CHECK(server(true, "always").alone() == Durability::power);
  ServerFacts paused = server(true, "always");
  paused.syncs_always = false;
  CHECK(paused.alone() == Durability::process);
  CHECK(paused.told().find("no-appendfsync-on-rewrite") != std::string::npos);
}

TEST_CASE("replicas stand in for nothing in a power cut") {
  CHECK(server(true, "no", 1).gives(Durability::failover, 1));
  CHECK(server(true, "no", 1).gives(Durability::process, 1));
  CHECK_FALSE(server(true, "no", 1).gives(Durability::power, 1));
  CHECK(server(true, "always", 1).gives(Durability::power, 1));
  CHECK_FALSE(server(true, "always", 1).gives(Durability::failover, 0));
}

TEST_CASE("of several servers the weakest counts, and first of all one that evicts") {
  std::vector<ServerFacts> all{server(true, "always"), server(true, "everysec"), server(true, "always")};
  CHECK(&weakest(all, 0) == &all[1]);
  all[2].eviction = "allkeys-lru";
  CHECK(&weakest(all, 0) == &all[2]);
}

}  // namespace
}  // namespace penstock::redis
