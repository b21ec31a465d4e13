// Steps do not get longer with what waits: counted in the server's own commands, not in time.
#include "fixture.hpp"

namespace penstock::redis {
namespace {

// Commands the server has run, those inside scripts included.
long commands(RedisServer& server) {
  const std::string stats = server.cli({"INFO", "commandstats"});
  long sum = 0;
  for (std::size_t at = 0; (at = stats.find("calls=", at)) != std::string::npos; at += 6)
    sum += std::stol(stats.substr(at + 6));
  return sum;
}

}  // namespace

TEST_CASE("an exchange costs as many commands with 20,000 tasks waiting as with 300") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.socket_url());
  int next = 0;
  const auto fill = [&](int upto) {
    while (next < upto) {
      std::vector<NewTask> batch;
      for (int i = 0; i < 250; ++i) batch.push_back(task(++next));
      REQUIRE(b->enqueue(batch, nullptr));
    }
  };
  const auto cost = [&] {
    const long before = commands(server);
    const auto x = claim(*b, 100);
    REQUIRE(x->leased.size() == 100);
    return commands(server) - before;
  };
  fill(500);
  (void)cost();
  const long shallow = cost();
  fill(20'000);
  CHECK(cost() == shallow);
  CHECK(shallow <= 30);
}

TEST_CASE("an idle backend sends nothing but what its waits need") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.socket_url());
  const std::uint64_t bell = claim(*b, 1)->bell;
  const long before = commands(server);
  CHECK(*query<Waiter>(*b)->wait(bell, Millis(300)) == bell);
  CHECK(commands(server) - before <= 2);  // of which one is the count itself
}

// Nobody can have armed the bell of a queue that he does not know.
TEST_CASE("the first task of a queue rings, also when its limits came before it") {
  RedisServer server;
  testing::TestHost host;
  const auto worker = open(host, server.socket_url()), producer = open(host, server.socket_url());
  const auto bell = claim(*worker, 1)->bell;
  const Limit one{.running = 1};
  REQUIRE(query<Gates>(*producer)->limit("new", "", Layer::declared, &one));
  REQUIRE(put(*producer, task(1, "new")));
  CHECK(*query<Waiter>(*worker)->wait(bell, std::chrono::seconds(10)) != bell);
}

}  // namespace penstock::redis
