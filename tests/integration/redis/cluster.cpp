// A real cluster: calls find their nodes, whatever is moved, killed or promoted meanwhile.
#include "support/redis/cluster.hpp"

#include <atomic>
#include <thread>

#include "integration/redis/fixture.hpp"
#include "redis/slot.hpp"

namespace penstock::redis {
namespace {

using testing::RedisCluster;
using testing::RedisServer;

Options cluster_options(const RedisCluster& cluster) {
  Options o = options(cluster.url());
  o.cluster = true;
  return o;
}

RedisServer& another(RedisCluster& cluster, const RedisServer& than) {
  return &cluster.node(0) == &than ? cluster.node(1) : cluster.node(0);
}

TEST_CASE("a cluster: one batch over all nodes, in the order of its calls") {
  RedisCluster cluster;
  Client client(cluster_options(cluster));
  const Script set("redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])");
  for (int round = 0; round < 2; ++round) {
    Words batch;
    for (int i = 0; i < 60; ++i) batch.script(set, {"{q" + std::to_string(i) + "}:a"}, {std::to_string(i)});
    batch.command({"PING"});
    const auto results = batch.run(client, in(10s));
    for (int i = 0; i < 60; ++i) CHECK(text(results[static_cast<std::size_t>(i)]) == std::to_string(i));
    CHECK(text(results[60]) == "PONG");
  }
  const auto nodes = client.nodes(in(10s));
  REQUIRE(nodes);
  REQUIRE(nodes->size() == 3);
  std::size_t keys = 0;
  for (const Address& node : *nodes) {
    Words batch;
    batch.command({"DBSIZE"}).node = &node;
    keys += static_cast<std::size_t>(batch.run(client, in(10s))[0]->integer());
  }
  CHECK(keys == 60);
}

TEST_CASE("a cluster: a call that follows goes to the node of the one before it") {
  RedisCluster cluster;
  Client client(cluster_options(cluster));
  for (int i = 0; i < 10; ++i) {
    const std::string key = "k" + std::to_string(i);
    Words batch;
    batch.command({"SET", key, "1"});
    batch.command({"CLUSTER", "MYID"}).follows = true;
    batch.command({"WAIT", "1", "5000"}).follows = true;
    const auto results = batch.run(client, in(10s));
    CHECK(text(results[0]) == "OK");
    CHECK(text(results[1]) == cluster.owner(slot_of(key)).cli({"CLUSTER", "MYID"}));
    CHECK(text(results[2]) == "1");
  }
}

TEST_CASE("a cluster: a slot moves in mid-pipeline, step by step, under many threads") {
  RedisCluster cluster;
  Client client(cluster_options(cluster));
  const std::string queue = "{moving}";
  const unsigned slot = slot_of(queue);
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0}, refused{0};
  std::vector<std::atomic<std::int64_t>> acknowledged(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < acknowledged.size(); ++t) {
    threads.emplace_back([&, t] {
      const Script add("return redis.call('INCR', KEYS[1])");
      const std::string key = queue + std::to_string(t), other = "other" + std::to_string(t);
      while (!done) {
        Words batch;
        const std::string n = std::to_string(acknowledged[t].load());
        batch.command({"ECHO", n});
        batch.script(add, {key}, {});
        batch.command({"INCR", other});
        batch.script(add, {key}, {});
        const auto results = batch.run(client, in(10s));
        wrong += text(results[0]) != n;
        for (std::size_t k : {1, 3}) {
          if (results[k]) {
            wrong += results[k]->integer() != ++acknowledged[t];
          } else {
            ++refused;
            wrong += results[k].error().code != Errc::unavailable;
          }
        }
      }
    });
  }
  for (int round = 0; round < 6; ++round) {
    RedisServer& from = cluster.owner(slot);
    RedisServer& to = another(cluster, from);
    cluster.begin_move(slot, from, to);
    CHECK(text(ask(client, {"SET", queue + "fresh", "1"})) == "OK");  // asked for at the new owner
    cluster.move_keys(slot, from, to, 2);
    cluster.move_keys(slot, from, to);
    cluster.end_move(slot, from, to);
    CHECK(text(ask(client, {"GET", queue + "fresh"})) == "1");
  }
  done = true;
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  for (std::size_t t = 0; t < acknowledged.size(); ++t) {
    CHECK(acknowledged[t] > 0);
    CHECK(text(ask(client, {"GET", queue + std::to_string(t)})) == std::to_string(acknowledged[t]));
  }
  INFO("refused: " << refused);
}

TEST_CASE("a cluster: a master is killed, its replica takes over, and no write goes to a replica") {
  RedisCluster cluster;
  Client client(cluster_options(cluster));
  const std::string key = "{killed}";
  REQUIRE(text(ask(client, {"SET", key, "0"})) == "OK");
  RedisServer& victim = cluster.owner(slot_of(key), 0);
  const std::size_t asked = &victim == &cluster.node(0) ? 1 : 0;
  REQUIRE(text(ask(client, {"WAIT", "1", "1000"})) != "");
  victim.kill();
  const auto at_once = ask(client, {"SET", key, "1"});
  REQUIRE(!at_once);
  CHECK((at_once.error().code == Errc::unavailable || at_once.error().code == Errc::unknown_outcome));
  Result<Reply> set = ask(client, {"SET", key, "2"});
  for (const Deadline end = in(20s); !set && Clock::now() < end;) set = ask(client, {"SET", key, "2"}, in(1s));
  REQUIRE(set);
  const auto taken_over = [&] { return &cluster.owner(slot_of(key), asked) != &victim; };
  for (const Deadline end = in(20s); !taken_over() && Clock::now() < end;) {  // the others hear of it a little later
  }
  CHECK(taken_over());
  victim.start();  // and becomes a replica
  victim.said("Finished with success");
  CHECK(text(ask(client, {"SET", key, "3"})) == "OK");
  CHECK(text(ask(client, {"GET", key})) == "3");
}

TEST_CASE("a cluster: the node in the config may be a replica, and may be gone later") {
  RedisCluster cluster;
  Options o = options(cluster.node(4).url());
  o.cluster = true;
  Client client(o);
  REQUIRE(text(ask(client, {"SET", "a", "1"})) == "OK");
  cluster.node(4).kill();
  CHECK(text(ask(client, {"GET", "a"})) == "1");
  auto listener = client.listen({"bell"});
  CHECK(listener->wait(in(10s)).what == Listener::Heard::What::subscribed);
  CHECK(ask(client, {"PUBLISH", "bell", "x"}));
  CHECK(listener->wait(in(10s)).text == "x");
}

TEST_CASE("a cluster that the config does not speak of is named") {
  RedisCluster cluster;
  Client client(options(cluster.url()));
  int named = 0;
  for (int i = 0; i < 20; ++i) {
    const auto result = ask(client, {"SET", "k" + std::to_string(i), "1"});
    if (!result) {
      CHECK(result.error().code == Errc::invalid);
      named += result.error().message.find("cluster") != std::string::npos;
    }
  }
  CHECK(named > 0);
}

}  // namespace
}  // namespace penstock::redis
