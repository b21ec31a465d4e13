// What follows from the settings that servers tell.
#include <catch2/catch.hpp>

#include "redis/server_facts.hpp"

namespace penstock::redis {
namespace {

ServerFacts server(bool append_only, std::string fsync, std::uint32_t min_replicas = 0) {
  ServerFacts f;
  f.append_only = append_only;
  f.append_fsync = std::move(fsync);
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

TEST_CASE("failover wants both: a server that wants replicas, and a caller who waits for them") {
  CHECK(server(false, "", 1).level(0) == Durability::memory);
  CHECK(server(true, "everysec", 0).level(1) == Durability::process);
  CHECK(server(true, "everysec", 1).level(1) == Durability::failover);
}

TEST_CASE("of several servers the weakest counts, and first of all one that evicts") {
  std::vector<ServerFacts> all{server(true, "always"), server(true, "everysec"), server(true, "always")};
  CHECK(&weakest(all, 0) == &all[1]);
  all[2].eviction = "allkeys-lru";
  CHECK(&weakest(all, 0) == &all[2]);
}

}  // namespace
}  // namespace penstock::redis
