// Calls to one server: what comes back, by TCP and by a unix socket, from one thread and from many.
#include <atomic>
#include <thread>

#include "integration/redis/fixture.hpp"
#include "support/redis/server.hpp"

namespace penstock::redis {
namespace {

using testing::RedisServer;

TEST_CASE("values of every kind come back as they are") {
  RedisServer server;
  const std::string url = GENERATE(as<std::string>(), "tcp", "unix") == "tcp" ? server.url() : server.socket_url();
  Client client(options(url));
  const std::string octets("\0\r\n$5\r\n\xff", 8);
  Words batch;
  batch.command({"SET", "key", octets});
  batch.command({"GET", "key"});
  batch.command({"GET", "nothing"});
  batch.command({"RPUSH", "list", "a", "b"});
  batch.command({"LRANGE", "list", "0", "-1"});
  batch.command({"EVAL", "return {1, {'two', {}}, redis.error_reply('ODD three'), false}", "0"});
  batch.command({"HGET", "list", "field"});
  const auto results = batch.run(client, in(10s));
  REQUIRE(results.size() == 7);
  CHECK(results[0]->kind() == Reply::Kind::status);
  CHECK(results[0]->text() == "OK");
  CHECK(results[1]->text() == octets);
  CHECK(results[2]->is_nil());
  CHECK(results[3]->integer() == 2);
  REQUIRE(results[4]->size() == 2);
  CHECK((*results[4])[1].text() == "b");
  const Reply& nested = *results[5];
  CHECK(nested[0].integer() == 1);
  CHECK(nested[1][0].text() == "two");
  CHECK(nested[1][1].kind() == Reply::Kind::array);
  CHECK(nested[2].is_error());
  CHECK(nested[3].is_nil());
  CHECK(nested[4].is_nil());
  REQUIRE(!results[6]);
  CHECK(results[6].error().code == Errc::internal);
  CHECK(results[6].error().message.find("WRONGTYPE") != std::string::npos);
}

TEST_CASE("a script is known to the server after its first call, and again after it was flushed") {
  RedisServer server;
  Client client(options(server.url()));
  const Script add("return redis.call('INCRBY', KEYS[1], ARGV[1])");
  const Script twice("return ARGV[1] .. ARGV[1]");
  for (int round = 0; round < 3; ++round) {
    Words batch;
    batch.script(add, {"n"}, {"1"});
    batch.script(twice, {}, {"x"});
    batch.command({"SCRIPT", "FLUSH"});  // in mid-pipeline
    batch.script(add, {"n"}, {"10"});
    batch.script(twice, {}, {"y"});
    batch.script(add, {"n"}, {"100"});
    const auto results = batch.run(client, in(10s));
    for (const auto& result : results) REQUIRE(result);
    CHECK(text(results[1]) == "xx");
    CHECK(text(results[4]) == "yy");
    CHECK(results[5]->integer() == 111 * (round + 1));
  }
}

TEST_CASE("scripts run while somebody flushes them all the time") {
  RedisServer server;
  Client client(options(server.socket_url())), rude(options(server.socket_url()));
  const Script echo("return ARGV[1]");
  std::atomic<bool> done{false};
  std::thread flushing([&] {
    while (!done) (void)ask(rude, {"SCRIPT", "FLUSH"});
  });
  int wrong = 0;
  for (int i = 0; i < 2000; ++i) {
    Words batch;
    const std::string a = std::to_string(i), b = std::to_string(-i);
    batch.script(echo, {}, {a});
    batch.script(echo, {}, {b});
    const auto results = batch.run(client, in(10s));
    wrong += text(results[0]) != a || text(results[1]) != b;
  }
  done = true;
  flushing.join();
  CHECK(wrong == 0);
}

TEST_CASE("many threads, many calls at once: each gets its own replies") {
  RedisServer server;
  Client client(options(server.url()));
  const Script echo("return ARGV[1]");
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        Words batch;
        std::vector<std::string> expected;
        for (int k = 0; k < 1 + i % 7; ++k) {
          expected.push_back(std::to_string(t) + "-" + std::to_string(i) + "-" + std::to_string(k));
          if (k % 2 == 0) {
            batch.script(echo, {}, {expected.back()});
          } else {
            batch.command({"ECHO", expected.back()});
          }
        }
        const auto results = batch.run(client, in(20s), t == 0 ? Lane::keeper : Lane::calls);
        for (std::size_t k = 0; k < results.size(); ++k) wrong += text(results[k]) != expected[k];
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("calls go on after the server was killed and started again") {
  RedisServer server({"--appendonly", "yes", "--appendfsync", "always"});
  Client client(options(server.url()));
  REQUIRE(text(ask(client, {"INCR", "n"})) == "1");
  server.kill();
  const auto refused = ask(client, {"INCR", "n"});
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::unavailable);
  CHECK(refused.error().retryable);
  server.start();
  std::string answer;
  const Deadline end = in(5s);
  while ((answer = text(ask(client, {"INCR", "n"}))).rfind("unavailable", 0) == 0 && Clock::now() < end) {
  }
  CHECK(answer == "2");
}

TEST_CASE("a call ends by its deadline, and what it was is not known") {
  RedisServer server;
  Client client(options(server.url()));
  REQUIRE(ask(client, {"PING"}));
  server.freeze();
  const auto start = Clock::now();
  const auto result = ask(client, {"INCR", "n"}, in(100ms));
  const auto taken = Clock::now() - start;
  server.thaw();
  REQUIRE(!result);
  CHECK(result.error().code == Errc::unknown_outcome);
  CHECK(taken >= 100ms);
  CHECK(text(ask(client, {"ECHO", "mine"})) == "mine");
}

}  // namespace
}  // namespace penstock::redis
