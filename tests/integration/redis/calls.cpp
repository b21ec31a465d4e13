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

TEST_CASE("values larger than what a socket holds, in both directions") {
  RedisServer server;
  const std::string url = GENERATE(as<std::string>(), "tcp", "unix") == "tcp" ? server.url() : server.socket_url();
  Client client(options(url));
  const std::string large(40 << 20, 'x');
  Words batch;
  batch.command({"SET", "a", large});
  batch.command({"SET", "b", large});
  batch.command({"GET", "a"});
  const auto results = batch.run(client, in(60s));
  CHECK(text(results[0]) == "OK");
  CHECK(text(results[1]) == "OK");
  CHECK((text(results[2]) == large));
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
  // Longer than what a server reads at once: others come between its loading and its run.
  const Script echo("return ARGV[1] --" + std::string(40'000, ' '));
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
  std::size_t ours = 0;
  const std::string all = server.cli({"CLIENT", "LIST"});
  for (std::size_t at = 0; (at = all.find("name=penstock", at)) != std::string::npos; ++at) ++ours;
  CHECK(ours <= client.options().connections + 1);
}

TEST_CASE("a call that follows another goes right after it, and again with it") {
  RedisServer server;
  Client client(options(server.url()));
  const Script set("redis.call('SET', KEYS[1], ARGV[1]) return 'set'");
  Words batch;
  batch.command({"ECHO", "first"});
  batch.script(set, {"key"}, {"value"});  // not known to the server yet: sent twice
  batch.command({"GET", "key"}).follows = true;
  batch.command({"WAIT", "0", "10"}).follows = true;
  batch.command({"ECHO", "last"});
  const auto results = batch.run(client, in(10s));
  CHECK(text(results[0]) == "first");
  CHECK(text(results[1]) == "set");
  CHECK(text(results[2]) == "value");
  CHECK(text(results[3]) == "0");
  CHECK(text(results[4]) == "last");
}

// One connection, and more callers than can be served one by one: their calls share flushes.
TEST_CASE("callers who wait for one connection travel together, and each gets its own") {
  RedisServer server;
  Options o = options(server.url());
  o.connections = 1;
  Client client(o);
  const Script echo("if ARGV[1] == 'odd' then return redis.error_reply('ODD') end return ARGV[1]");
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const std::string mine = std::to_string(t) + "-" + std::to_string(i);
        Words batch;
        batch.script(echo, {}, {mine});
        if (i % 3 == 0) batch.script(echo, {}, {"odd"});
        if (i % 5 == 0) batch.command({"ECHO", std::string(20'000, 'x')});  // too large to share
        if (i % 50 == 7) batch.command({"SCRIPT", "FLUSH"});
        const auto results = batch.run(client, in(20s));
        wrong += text(results[0]) != mine;
        if (i % 3 == 0) wrong += !(!results[1] && results[1].error().message.find("ODD") != std::string::npos);
        if (i % 5 == 0) wrong += results.back()->text().size() != (i % 50 == 7 ? 2u : 20'000u);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  const std::string stats = server.cli({"INFO", "commandstats"});
  const auto pings = std::stoul(stats.substr(stats.find("cmdstat_ping:calls=") + 19));
  CHECK(pings < 1600);  // one for each flush, of which there are fewer than batches
}

TEST_CASE("every error of a server, at a command and in a script") {
  RedisServer server;
  Client client(options(server.url()));
  const std::vector<std::pair<std::string, Errc>> errors{
      {"READONLY", Errc::unavailable},    {"LOADING", Errc::unavailable},
      {"MASTERDOWN", Errc::unavailable},  {"TRYAGAIN", Errc::unavailable},
      {"CLUSTERDOWN", Errc::unavailable}, {"BUSY", Errc::unavailable},
      {"NOREPLICAS", Errc::unavailable},  {"MISCONF", Errc::unavailable},
      {"OOM", Errc::resource_exhausted},  {"NOPERM", Errc::permission},
      {"NOAUTH", Errc::permission},       {"WRONGTYPE", Errc::internal},
      {"NOSCRIPT", Errc::internal},       {"ERR", Errc::internal},
      {"EXECABORT", Errc::internal}};
  const Script fails("return redis.error_reply(ARGV[1] .. ' said so')");
  for (const auto& [code, expected] : errors) {
    Words batch;
    batch.command({"ECHO", "before"});
    batch.command({"EVAL", "return redis.error_reply(ARGV[1] .. ' said so')", "0", code});
    batch.script(fails, {}, {code});
    batch.command({"ECHO", "after"});
    const auto results = batch.run(client, in(10s));
    CHECK(text(results[0]) == "before");
    for (std::size_t k : {1, 2}) {
      REQUIRE(!results[k]);
      CHECK(results[k].error().code == expected);
      CHECK(results[k].error().message.find(code + " said so") != std::string::npos);
    }
    CHECK(text(results[3]) == "after");
  }
}

TEST_CASE("a server that is busy with a script refuses everything, and nothing has happened") {
  RedisServer server({"--lua-time-limit", "1"});
  Client client(options(server.url())), other(options(server.url()));
  REQUIRE(ask(client, {"PING"}));
  std::thread busy([&] { (void)ask(other, {"EVAL", "while true do end", "0"}, in(60s)); });
  Result<Reply> refused = ask(client, {"INCR", "n"});
  while (refused) refused = ask(client, {"INCR", "n"});
  CHECK(refused.error().code == Errc::unavailable);
  CHECK(refused.error().message.find("BUSY") != std::string::npos);
  CHECK(ask(client, {"INCR", "n"}).error().code == Errc::unavailable);
  server.cli({"SCRIPT", "KILL"});
  busy.join();
}

TEST_CASE("a server without memory refuses, and does nothing") {
  RedisServer server({"--maxmemory", "1mb"});
  Client client(options(server.url()));
  const auto result = ask(client, {"SET", "a", std::string(2 << 20, 'x')});
  const auto second = ask(client, {"SET", "b", "x"});
  CHECK((!result || !second));
  for (const auto* r : {&result, &second}) {
    if (!*r) CHECK(r->error().code == Errc::resource_exhausted);
  }
}

TEST_CASE("the keeper's lane does not wait behind calls, and calls wait no longer than their deadline") {
  RedisServer server;
  Options o = options(server.url());
  o.connections = 1;
  Client client(o);
  std::string popped;
  std::thread blocked([&] {
    const auto result = ask(client, {"BLPOP", "list", "0"}, in(60s));
    popped = result ? shown(*result) : text(result);
  });
  const bool there = eventually([&] {
    return server.cli({"INFO", "clients"}).find("blocked_clients:1") != std::string::npos;
  });
  const auto refused = ask(client, {"ECHO", "behind"}, in(20ms));
  Words keeper;
  keeper.command({"ECHO", "beside"});
  const std::string beside = text(keeper.run(client, in(10s), Lane::keeper)[0]);
  server.cli({"RPUSH", "list", "x"});
  blocked.join();
  CHECK(there);
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::unavailable);
  CHECK(refused.error().message.find("in use") != std::string::npos);
  CHECK(beside == "beside");
  CHECK(popped == "[list x ]");
}

TEST_CASE("a user without a password in the URL is that user, and none else") {
  RedisServer server;
  server.cli({"ACL", "SETUSER", "anna", "on", "nopass", "~*", "&*", "+@all"});
  server.cli({"ACL", "SETUSER", "berta", "on", ">secret", "~*", "&*", "+@all"});
  const std::string at = "@127.0.0.1:" + std::to_string(server.port());
  Client anna(options("redis://anna" + at)), berta(options("redis://berta" + at));
  CHECK(text(ask(anna, {"ACL", "WHOAMI"})) == "anna");
  const auto refused = ask(berta, {"ACL", "WHOAMI"});
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::permission);
  CHECK(refused.error().message.find("WRONGPASS") != std::string::npos);
}

// What a server of version 6.2 does not have, it must not be sent.
TEST_CASE("every command that the client sends by itself is as old as 6.2") {
  RedisServer server({"--requirepass", "pw"});
  Options o = options("redis://:pw@127.0.0.1:" + std::to_string(server.port()) + "/1");
  Client client(o);
  const Script one("return 1");
  CHECK(ask(client, {"PING"}));
  Words batch;
  batch.script(one, {}, {});
  CHECK(batch.run(client, in(10s))[0]);
  CHECK(client.listen({"a"})->wait(in(10s)).what == Listener::Heard::What::subscribed);
  const std::string sent = text(ask(client, {"INFO", "commandstats"}));
  int looked_at = 0;
  for (std::size_t at = 0; (at = sent.find("cmdstat_", at)) != std::string::npos; ++looked_at) {
    at += 8;
    const std::string command = sent.substr(at, sent.find(':', at) - at);
    const auto docs = ask(client, {"COMMAND", "DOCS", command});
    REQUIRE(docs);
    const Reply facts = (*docs)[1];
    INFO(command);
    REQUIRE(facts.size() > 3);
    for (std::size_t i = 0; i + 1 < facts.size(); i += 2) {
      if (facts[i].text() == "since") CHECK(std::string(facts[i + 1].text()) < "6.3");
    }
  }
  CHECK(looked_at >= 8);
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
