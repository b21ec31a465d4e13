// Full memory, keys of other types, keys taken away by hand.
#include <algorithm>
#include <sstream>

#include "fixture.hpp"

namespace penstock::redis {
namespace {

std::vector<std::string> lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) out.push_back(line);
  return out;
}

// Every record that ended, with those whose time to be kept is over.
Result<std::uint64_t> trim_all(DurableBackend& b) {
  for (const State state : {State::succeeded, State::dead}) {
    const auto done = b.trim({.queue = "q", .state = state, .count = 0});
    if (!done) return done;
  }
  return b.trim({.queue = "q", .state = State::cancelled, .count = 0});
}

}  // namespace

TEST_CASE("a full server refuses tasks whole, and goes on with all else") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.url());
  for (int i = 1; i <= 5; ++i) REQUIRE(*put(*b, task(i)) == Item::ok);
  const auto held = claim(*b, 1);
  REQUIRE(held->leased.size() == 1);
  server.cli({"CONFIG", "SET", "maxmemory", "1"});

  const std::vector<NewTask> more{task(8), task(9)};
  const auto refused = b->enqueue(more, nullptr);
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::resource_exhausted);
  CHECK(refused.error().retryable);
  CHECK(*settle(*b, held->leased[0]) == Item::ok);
  const auto next = claim(*b, 2);
  REQUIRE(next);
  REQUIRE(next->leased.size() == 2);
  CHECK(*settle(*b, next->leased[0], State::ready) == Item::ok);
  Settlement end = settlement(next->leased[1], State::dead);
  end.keep = kKeepForever;
  Exchange ends;
  ends.settle = std::span(&end, 1);
  CHECK(b->exchange(ends)->settled.front() == Item::ok);
  const TaskKey key{"q", id(4)};
  CHECK(b->cancel(std::span(&key, 1))->front() == Item::ok);
  CHECK(b->trim({.queue = "q", .state = State::cancelled, .count = 0}));

  const TaskKey waiting{"q", id(5)}, dead{"q", id(3)};
  const auto seen = b->get(std::span(&waiting, 1));
  REQUIRE(seen);
  CHECK(seen->front()->state == State::ready);
  REQUIRE(query<Browser>(*b)->move(std::span(&dead, 1), State::dead, State::ready, Millis(0)));
  CHECK(query<Browser>(*b)->move(std::span(&dead, 1), State::dead, State::ready, Millis(0))->front() == Item::conflict);
  const auto fresh = open(host, server.url());  // a program that has just been started
  for (DurableBackend* any : {b.get(), fresh.get()}) {
    Gates& gates = *query<Gates>(*any);
    const Limit one{.running = 1};
    CHECK(gates.hold("q", "", kHoldForever));
    CHECK(gates.hold("q", "", Millis(0)));
    CHECK(gates.limit("q", "g", Layer::operator_, &one));
    CHECK(gates.limit("q", "g", Layer::operator_, nullptr));
    CHECK(gates.hold("*", "", kHoldForever));
    CHECK(gates.hold("*", "", Millis(0)));
  }
  CHECK(claim(*fresh, 1)->leased.size() == 1);
  const auto kept = trim_all(*b);
  CHECK(kept);
  CHECK(unsound(*b) == "");

  server.cli({"CONFIG", "SET", "maxmemory", "0"});
  CHECK(b->enqueue(more, nullptr)->front().what == Item::ok);
}

TEST_CASE("a key of another type stops a script before it has changed anything") {
  RedisServer server;
  testing::TestHost host;
  for (const char* part : {"c", "rec", "live", "ready", "due", "leases", "lapsed", "batch", "gone:0", "gone:1", "ai", "ac", "u", "ut"}) {
    DYNAMIC_SECTION(part) {
      const std::string key = "{penstock:q}:" + std::string(part);
      {
        const auto b = open(host, server.url());
        REQUIRE(*put(*b, task(1)) == Item::ok);
      }
      server.cli({"DEL", key});
      server.cli({"SADD", key, "strange"});
      const auto dump = [&] {
        std::string out;
        auto keys = lines(server.cli({"KEYS", "{penstock:q}*"}));
        std::sort(keys.begin(), keys.end());
        for (const std::string& k : keys) out += k + " " + server.cli({"DUMP", k}) + "\n";
        return out;
      };
      const auto b = open(host, server.url());
      const std::string before = dump();
      const auto entered = put(*b, task(2));
      if (!entered) CHECK(dump() == before);
      const std::string between = dump();
      const auto claimed = claim(*b, 1);
      REQUIRE(!claimed);
      CHECK(dump() == between);
      CHECK((claimed.error().code == Errc::data_regression || std::string(part) == "c"));
    }
    server.cli({"FLUSHALL"});
  }
}

TEST_CASE("a key of another type in one queue stops a script before it has changed another") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.url());
  REQUIRE(*put(*b, task(1)) == Item::ok);
  REQUIRE(*put(*b, task(1, "r")) == Item::ok);
  server.cli({"DEL", "{penstock:r}:ready"});
  server.cli({"SADD", "{penstock:r}:ready", "strange"});
  const std::vector<NewTask> both{task(2), task(2, "r")};
  const auto entered = b->enqueue(both, nullptr);
  REQUIRE(!entered);
  CHECK(entered.error().code == Errc::data_regression);
  const TaskKey key{"q", id(2)};
  CHECK(!b->get(std::span(&key, 1))->front());
}

TEST_CASE("a lane that was taken away by hand stops nobody, and nobody asks for it without end") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.url());
  const std::string gate = "g";
  const std::string_view gates[] = {gate};
  NewTask keyed = task(2), gated = task(3), other = task(4);
  keyed.fair = "k";
  gated.fair = "l", gated.gates = gates;
  other.fair = "m";
  const std::vector<NewTask> all{task(1), keyed, gated, other};
  const std::string lost = GENERATE(as<std::string>(), "{penstock:q}:ready", "{penstock:q}:k:k", "{penstock:q}:f:?l?g");
  SECTION("of several") {
    REQUIRE(b->enqueue(all, nullptr));
    const std::string key = server.cli({"KEYS", lost});
    REQUIRE(server.cli({"DEL", key}) == "1");
    const auto x = claim(*b, 10);
    REQUIRE(x);
    CHECK(x->leased.size() == 3);
    for (const Leased& l : x->leased) CHECK(*settle(*b, l) == Item::ok);
    CHECK(!claim(*b, 10)->next_due);
    REQUIRE(*put(*b, keyed) != Item::ok);  // its record is there still
  }
  SECTION("of the plain one") {
    REQUIRE(*put(*b, task(1)) == Item::ok);
    server.cli({"DEL", "{penstock:q}:ready"});
    CHECK(claim(*b, 10)->leased.empty());
    CHECK(!claim(*b, 10)->next_due);
    CHECK(b->counts()->front().by_state[static_cast<std::size_t>(State::ready)] == 0);
  }
}

TEST_CASE("a record that was taken away by hand is passed over") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.url());
  REQUIRE(*put(*b, task(1)) == Item::ok);
  server.cli({"EVAL", "for _, id in ipairs(redis.call('hkeys', KEYS[1])) do redis.call('hdel', KEYS[1], id) end", "1",
              "{penstock:q}:rec"});
  REQUIRE(*put(*b, task(2)) == Item::ok);
  const auto x = claim(*b, 5);
  REQUIRE(x);
  REQUIRE(x->leased.size() == 1);
  CHECK(x->leased[0].id == id(2));
  CHECK(*settle(*b, x->leased[0]) == Item::ok);
  CHECK(!claim(*b, 5)->next_due);
}

TEST_CASE("each key that is deleted by hand leads to no endless error") {
  RedisServer server;
  testing::TestHost host;
  for (const char* part : {"c", "rec", "live", "ready", "due", "leases", "batch", "gone:0", "ai", "ac", "a:0"}) {
    INFO(part);
    const auto b = open(host, server.url());
    for (int i = 1; i <= 3; ++i) REQUIRE(*put(*b, task(i)) == Item::ok);
    REQUIRE(claim(*b, 1)->leased.size() == 1);
    server.cli({"DEL", "{penstock:q}:" + std::string(part)});
    CHECK(put(*b, task(4)));
    for (int i = 0; i < 3; ++i) {
      const auto x = claim(*b, 5);
      REQUIRE(x);
      for (const Leased& l : x->leased) CHECK(settle(*b, l));
    }
    CHECK(b->counts());
    server.cli({"FLUSHALL"});
  }
}

}  // namespace penstock::redis
