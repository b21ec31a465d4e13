// The limiter `redis` on real servers: one budget for all who share it.
#include <random>
#include <sstream>

#include <penstock/plugin/limiter.hpp>
#include <penstock/plugin/rate.hpp>

#include "fixture.hpp"
#include "support/redis/cluster.hpp"

namespace penstock::redis {
namespace {

using List = std::vector<std::string>;

std::unique_ptr<Limiter> limiter(Host& host, const std::string& url, Written more) {
  more.emplace("url", url);
  return testing::open_component<Limiter>(penstock_plugin_0_redis, "redis", host, more);
}

// Microseconds of the server's clock.
std::int64_t server_time(const RedisServer& server) {
  std::istringstream words(server.cli({"TIME"}));
  std::int64_t seconds = 0, micros = 0;
  words >> seconds >> micros;
  return seconds * 1'000'000 + micros;
}

constexpr const char* kBucket = "{penstock:tokens:process}";

// Until when the bucket lacks tokens: microseconds of the server's clock.
std::int64_t full_at(const RedisServer& server) {
  return std::stoll(server.cli(
      {"EVAL", "return string.format('%.0f', struct.unpack('<d', redis.call('get', KEYS[1])))", "1", kBucket}));
}

std::uint32_t take(Limiter& l, const char* key, std::uint32_t count = 1) {
  const auto grant = l.acquire(key, count);
  if (!grant) FAIL(grant.error().message);
  return grant->granted;
}

}  // namespace

TEST_CASE("processes that share a bucket never take more than its budget, by the server's clock") {
  RedisServer server;
  constexpr int kRate = 400, kBurst = 50;
  const std::string command = "for i in 1 2 3 4; do " + std::string(TAKER) + " " + server.url() + " 1500 " +
                              std::to_string(kRate) + "/s " + std::to_string(kBurst) + " & done; wait";
  const std::int64_t before = server_time(server);
  std::istringstream said(testing::run({"sh", "-c", command}));
  const std::int64_t after = server_time(server);
  std::int64_t taken = 0, takers = 0;
  for (std::int64_t n = 0; said >> n; ++takers) taken += n;
  CHECK(takers == 4);
  CHECK(taken >= kBurst);
  CHECK(taken <= kBurst + kRate * (after - before) / 1'000'000);
}

TEST_CASE("a full server lets what has a rule start") {
  RedisServer server;
  testing::TestHost host;
  const auto l = limiter(host, server.url(), {{"rate", std::string("1/h")}, {"burst", std::int64_t{3}}});
  server.cli({"CONFIG", "SET", "maxmemory", "1"});
  CHECK(take(*l, "process", 2) == 2);
  CHECK(take(*l, "process", 2) == 1);
}

TEST_CASE("the bucket at the server goes by the arithmetic of all buckets") {
  RedisServer server;
  TurnedHost host;
  const std::uint32_t burst = 7;
  const Written settings{{"clock", std::string("host")}, {"rate", std::string("13/s")}, {"burst", std::int64_t{burst}}};
  const auto one = limiter(host, server.url(), settings), other = limiter(host, server.url(), settings);
  const TokenRate rate(13, burst);
  std::int64_t full = 0, now = 0;
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    const auto wait = Millis(random() % 200);
    host.clock.turn(wait);
    now += std::chrono::nanoseconds(wait).count();
    Limiter& l = random() % 2 ? *one : *other;
    const auto count = static_cast<std::uint32_t>(random() % 6);
    if (random() % 4 == 0) {
      l.refund("process", count);
      for (std::uint32_t k = 0; k < count && full > now; ++k) full = rate.refund(full);
      continue;
    }
    const auto grant = l.acquire("process", count);
    REQUIRE(grant);
    const auto expected = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, rate.tokens(full, now)));
    INFO(i);
    REQUIRE(grant->granted == expected);
    for (std::uint32_t k = 0; k < expected; ++k) full = rate.take(full, now);
    if (expected == count) continue;
    const auto retry = std::chrono::ceil<Millis>(std::chrono::nanoseconds(rate.token_at(full) - now));
    REQUIRE(grant->retry_in == std::max(retry, Millis(1)));
  }
}

TEST_CASE("an idle bucket leaves nothing behind, and is full again") {
  RedisServer server;
  testing::TestHost host;
  const auto l = limiter(host, server.url(), {{"rate", std::string("100/s")}, {"burst", std::int64_t{5}}});
  CHECK(server.cli({"DBSIZE"}) == "0");  // to look costs nothing
  CHECK(take(*l, "process", 3) == 3);
  CHECK(std::stoi(server.cli({"PTTL", kBucket})) <= 32);
  while (server.cli({"DBSIZE"}) != "0") {
  }
  CHECK(take(*l, "process", 100) == 5);
}

TEST_CASE("asking in vain and giving back cost nothing") {
  RedisServer server;
  testing::TestHost host;
  const auto l = limiter(host, server.url(), {{"rate", std::string("1/h")}, {"burst", std::int64_t{2}}});
  CHECK(take(*l, "process", 2) == 2);
  const std::int64_t full = full_at(server);
  for (int i = 0; i < 100; ++i) CHECK(take(*l, "process") == 0);
  CHECK(full_at(server) == full);
  l->refund("process", 1);
  CHECK(full_at(server) <= full - 3'599'999'999);
  CHECK(take(*l, "process", 2) == 1);
  l->refund("process", 2);
  CHECK(server.cli({"DBSIZE"}) == "0");
  l->refund("process", 2);
  CHECK(take(*l, "process", 3) == 2);
}

TEST_CASE("a clock that is set back empties no bucket further than empty") {
  RedisServer server;
  TurnedHost host;
  const auto l = limiter(host, server.url(),
                         {{"clock", std::string("host")}, {"rate", std::string("10/s")}, {"burst", std::int64_t{3}}});
  CHECK(take(*l, "process", 3) == 3);
  host.clock.turn(-std::chrono::hours(5));
  CHECK(l->acquire("process", 1)->retry_in == Millis(100));
  host.clock.turn(Millis(100));
  CHECK(take(*l, "process", 3) == 1);
}

TEST_CASE("another rate goes on with the bucket there is") {
  RedisServer server;
  TurnedHost host;
  const auto with = [&](const char* rate, int burst) {
    return limiter(
        host, server.url(),
        {{"clock", std::string("host")}, {"rate", std::string(rate)}, {"burst", static_cast<std::int64_t>(burst)}});
  };
  CHECK(take(*with("1/h", 100), "process", 100) == 100);
  const auto faster = with("10/s", 5);
  CHECK(take(*faster, "process", 5) == 0);
  host.clock.turn(Millis(500));
  CHECK(take(*faster, "process", 6) == 5);
}

TEST_CASE("without its server the limiter lets nothing start, and goes on once it is back") {
  RedisServer server;
  testing::TestHost host;
  const auto l =
      limiter(host, server.url(),
              {{"rate", std::string("100/s")}, {"queues", List{"mail=2/h burst 2"}}, {"timeout", std::string("2s")}});
  server.kill();
  const auto refused = l->acquire("process", 1);
  REQUIRE(!refused);
  CHECK(refused.error().retryable);
  CHECK(take(*l, "queue:other") == 1);
  l->refund("process", 1);
  server.start();
  auto again = l->acquire("queue:mail", 3);
  while (!again) again = l->acquire("queue:mail", 3);  // the client connects again when it is due
  CHECK(again->granted <= 2);
}

TEST_CASE("no limiter is made without its server, or without a rule") {
  testing::TestHost host;
  std::string gone;
  {
    RedisServer server;
    gone = server.url();
    CHECK_THROWS_WITH(limiter(host, server.url(), {}), Catch::StartsWith("rate: "));
    CHECK_THROWS_WITH(limiter(host, server.url(), {{"rate", std::string("1/s")}, {"prefix", std::string("a b")}}),
                      Catch::StartsWith("prefix: "));
  }
  CHECK_THROWS_WITH(limiter(host, gone, {{"rate", std::string("1/s")}}), Catch::Contains("cannot connect"));
}

TEST_CASE("in a cluster each bucket is where its key is") {
  testing::RedisCluster cluster;
  testing::TestHost host;
  const auto l = limiter(
      host, cluster.url(),
      {{"cluster", true}, {"rate", std::string("10/h")}, {"queues", List{"a=1/h", "b=2/h burst 2", "c=3/h burst 3"}}});
  CHECK(take(*l, "process", 100) == 1);
  CHECK(take(*l, "queue:a", 100) == 1);
  CHECK(take(*l, "queue:b", 100) == 2);
  CHECK(take(*l, "queue:c", 100) == 3);
  CHECK(take(*l, "queue:c", 100) == 0);
}

}  // namespace penstock::redis
