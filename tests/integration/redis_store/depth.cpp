// Steps do not get longer with what waits: counted in the server's own commands, not in time.
#include <algorithm>
#include <set>

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
  CHECK(shallow <= 32);
}

namespace {

void put_many(DurableBackend& b, int from, int to, std::string_view queue = "q", std::optional<Time> due = {}) {
  while (from < to) {
    std::vector<NewTask> batch;
    for (int i = 0; i < 250 && from < to; ++i) {
      batch.push_back(task(from++, queue));
      batch.back().due = due;
    }
    REQUIRE(b.enqueue(batch, nullptr));
  }
}

}  // namespace

TEST_CASE("one exchange promotes no more than 1,000 tasks, from all queues together, and those that follow the rest") {
  RedisServer server;
  TurnedHost host;
  const auto b = open(host, server.socket_url(), {{"clock", std::string("host")}});
  const std::vector<std::string> queues{"q", "r", "s"};
  const Time due = host.clock.wall() + std::chrono::hours(1);
  for (const std::string& queue : queues) put_many(*b, 1, 701, queue, due);
  host.clock.turn(std::chrono::hours(2));
  std::vector<Share> shares;
  for (const std::string& queue : queues) shares.push_back({queue, 1000});
  Exchange x;
  x.claim = shares;
  x.limit = 1000;
  x.lease = std::chrono::minutes(5);
  std::size_t leased = b->exchange(x)->leased.size();
  long waiting = 0;
  for (const std::string& queue : queues) waiting += std::stol(server.cli({"ZCARD", "{penstock:" + queue + "}:due"}));
  CHECK(waiting == 2100 - 1000);
  CHECK(leased == 1000);
  for (int i = 0; i < 5; ++i) leased += b->exchange(x)->leased.size();
  CHECK(leased == 2100);
}

TEST_CASE("one exchange settles with 1,000 children at the most in a script, and all of them in the end") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.socket_url());
  put_many(*b, 1, 7);
  const auto x = claim(*b, 6);
  REQUIRE(x->leased.size() == 6);
  std::vector<std::vector<NewTask>> children(5);
  std::vector<Settlement> ends;
  for (int i = 0; i < 6; ++i) {
    ends.push_back(settlement(x->leased[static_cast<std::size_t>(i)]));
    if (i == 5) continue;  // the last has none
    auto& own = children[static_cast<std::size_t>(i)];
    for (int k = 0; k < 250; ++k) own.push_back(task(1000 + 250 * i + k));
    ends.back().children = own;
  }
  const Share share{"q", 7};
  Exchange all;
  all.settle = ends;
  all.claim = std::span(&share, 1), all.limit = 7;
  all.lease = std::chrono::minutes(5);
  const long before = told(server, "evalsha");
  const auto done = b->exchange(all);
  REQUIRE(done);
  CHECK(done->settled == std::vector<Item>(6, Item::ok));
  CHECK(done->leased.size() == 7);
  CHECK(told(server, "evalsha") - before == 3);
  CHECK(b->counts()->front().by_state[static_cast<std::size_t>(State::ready)] == 1250 - 7);
}

TEST_CASE("one call tells 1,000 tasks to stop at the most, and all are told in the end") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.socket_url());
  put_many(*b, 1, 1201);
  std::vector<Held> held;
  for (int i = 0; i < 4; ++i) held.push_back({"q", claim(*b, 300)->leased.front().epoch});
  for (int i = 1; i <= 1200; i += 240) {
    std::vector<TaskKey> keys;
    for (int k = 0; k < 240; ++k) keys.push_back({"q", id(i + k)});
    REQUIRE(b->cancel(keys));
  }
  Exchange x;
  x.extend = held;
  x.lease = std::chrono::minutes(5);
  std::set<TaskId> told_to_stop;
  for (int round = 0; round < 100 && told_to_stop.size() < 1200; ++round) {
    const auto answer = b->exchange(x);
    std::size_t now = 0;
    for (const Extended& e : answer->extended) {
      now += e.stop.size();
      told_to_stop.insert(e.stop.begin(), e.stop.end());
    }
    CHECK(now == 1000);
  }
  CHECK(told_to_stop.size() == 1200);
}

// Their keys have been served by other tasks while they stood at the gate: each goes behind those that were waiting.
TEST_CASE(
    "a gate that opens passes over 1,000 keys at the most in one script, and comes to its end in those that follow") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.socket_url());
  const std::string gate = "g";
  const std::string_view gates[] = {gate};
  Gates& control = *query<Gates>(*b);
  const Limit none{.running = 0}, one{.running = 1};
  REQUIRE(control.limit("q", gate, Layer::operator_, &none));
  std::vector<std::string> keys;
  for (int i = 0; i < 1500; ++i) keys.push_back("key" + std::to_string(i));
  for (const bool gated : {true, false}) {
    for (int i = 0; i < 1500; i += 250) {
      std::vector<NewTask> batch;
      for (int k = i; k < i + 250; ++k) {
        NewTask& t = batch.emplace_back(task((gated ? 1 : 2001) + k));
        t.fair = keys[static_cast<std::size_t>(k)];
        if (gated) t.gates = gates;
      }
      REQUIRE(b->enqueue(batch, nullptr));
    }
  }
  std::size_t served = 0;
  for (int i = 0; i < 20 && served < 1500; ++i) served += claim(*b, 250)->leased.size();
  REQUIRE(served == 1500);
  const long before = told(server, "zadd");
  REQUIRE(control.limit("q", gate, Layer::operator_, &one));
  CHECK(told(server, "zadd") - before < 1100);
  std::size_t out = 0;
  for (int i = 0; i < 5 && out == 0; ++i) {
    const long at = told(server, "zadd");
    out = claim(*b, 1)->leased.size();
    CHECK(told(server, "zadd") - at < 1100);
  }
  CHECK(out == 1);
}

TEST_CASE("what is set for many gates is read page by page") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.socket_url());
  Gates& gates = *query<Gates>(*b);
  for (int i = 0; i < 1000; ++i) {
    const Limit limit{.running = i + 1};
    REQUIRE(gates.limit(i % 2 == 0 ? "q" : "r", "gate" + std::to_string(i), Layer::operator_, &limit));
  }
  const auto all = gates.gates("");
  REQUIRE(all->size() == 1000);
  CHECK(std::is_sorted(all->begin(), all->end(), [](const GateState& l, const GateState& r) {
    return std::pair(l.queue, l.gate) < std::pair(r.queue, r.gate);
  }));
  std::set<std::int64_t> limits;
  for (const GateState& g : *all) limits.insert(g.by_operator->running);
  CHECK(limits.size() == 1000);
  CHECK(gates.gates("q")->size() == 500);
  CHECK(told(server, "hscan") >= 4);
  CHECK(told(server, "hgetall") == 0);
}

TEST_CASE("a claim looks for nothing that is not there") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.socket_url());
  for (const char* command : {"zrange", "zrangebyscore", "zremrangebyrank"}) {
    const long before = told(server, command);
    REQUIRE(claim(*b, 1)->leased.empty());
    CHECK(told(server, command) == before);
  }
  REQUIRE(*put(*b, task(1)) == Item::ok);
  const long before = told(server, "zrange");
  REQUIRE(claim(*b, 1)->leased.size() == 1);
  CHECK(told(server, "zrange") - before == 2);  // the task, and when its lease will lapse
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
