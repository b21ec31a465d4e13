#include <catch2/catch.hpp>
#include <set>

#include "redis/backoff.hpp"
#include "redis/failure.hpp"

namespace penstock::redis {
namespace {

using namespace std::chrono_literals;

TEST_CASE("what a server's error means") {
  for (const char* text :
       {"READONLY You can't write against a read only replica.", "LOADING Redis is loading",
        "MASTERDOWN Link with MASTER is down", "CLUSTERDOWN The cluster is down",
        "TRYAGAIN Multiple keys request during rehashing of slot", "NOREPLICAS Not enough good replicas",
        "BUSY Redis is busy running a script", "MISCONF Redis is configured to save RDB snapshots"}) {
    CHECK(server_error(text).code == Errc::unavailable);
    CHECK(server_error(text).retryable);
  }
  CHECK(server_error("OOM command not allowed").code == Errc::resource_exhausted);
  for (const char* text : {"NOAUTH Authentication required.", "WRONGPASS invalid username-password pair", "NOPERM no",
                           "ERR The user executing the script can't run this command or subcommand script: 4c"})
    CHECK(server_error(text).code == Errc::permission);
  CHECK(server_error("WRONGTYPE Operation against a key").code == Errc::internal);
  CHECK(server_error("ERR unknown command").message == "redis: ERR unknown command");
  CHECK(!server_error("ERR unknown command").retryable);
  CHECK(server_error("").code == Errc::internal);
}

TEST_CASE("errors inside scripts, as servers before 7.0 wrap them") {
  CHECK(
      error_code("ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -OOM command not allowed") ==
      "OOM");
  CHECK(error_code("OOM command not allowed. script: 0a, on @user_script:1.") == "OOM");
  CHECK(error_code("ERR plain") == "ERR");
}

TEST_CASE("pauses double up to the cap, and chance takes at most half of each") {
  CHECK(pause_after(1, 10ms, 1s, 0) == 10ms);
  CHECK(pause_after(4, 10ms, 1s, 0) == 80ms);
  CHECK(pause_after(100, 10ms, 1s, 0) == 1000ms);
  CHECK(pause_after(UINT32_MAX, 10ms, 1s, 0) == 1000ms);
  CHECK(pause_after(1, 0ms, 0ms, 7) >= 0ms);
  std::set<std::int64_t> seen;
  for (std::uint64_t random = 0; random < 1000; ++random) {
    const auto pause = pause_after(9, 10ms, 1s, random * 2654435761u);
    CHECK(pause >= 500ms);
    CHECK(pause <= 1000ms);
    seen.insert(pause.count());
  }
  CHECK(seen.size() > 100);
}

}  // namespace
}  // namespace penstock::redis
