// Users whom the server's access control list does not let do everything.
#include <set>

#include "fixture.hpp"
#include "redis/scripts.hpp"

namespace penstock::redis {
namespace {

// A user who may do everything, but for what `less` takes away.
std::string user(RedisServer& server, const std::vector<std::string>& less) {
  std::vector<std::string> words{"ACL", "SETUSER", "anna", "reset", "on", ">secret", "~*", "&*", "+@all"};
  words.insert(words.end(), less.begin(), less.end());
  server.cli(words);
  return "redis://anna:secret@127.0.0.1:" + std::to_string(server.port());
}

// The commands that a script calls.
std::set<std::string> called(const std::string& text) {
  std::set<std::string> out;
  for (std::size_t at = 0; (at = text.find("call('", at)) != std::string::npos;) {
    at += 6;
    out.insert(text.substr(at, text.find('\'', at) - at));
  }
  return out;
}

}  // namespace

TEST_CASE("each command that a script calls is asked for at the start, and named when it is refused") {
  RedisServer server;
  testing::TestHost host;
  const Scripts scripts;
  std::set<std::string> all{"smembers", "scan"};  // sent by themselves
  for (const Script* s :
       {&scripts.enqueue, &scripts.exchange, &scripts.cancel, &scripts.get, &scripts.counts, &scripts.trim,
        &scripts.list, &scripts.move, &scripts.gate, &scripts.gates, &scripts.all, &scripts.document, &scripts.audit})
    all.merge(called(s->source()));
  CHECK(all.size() > 20);
  for (const std::string& command : all) {
    INFO(command);
    const auto made = try_open(host, user(server, {"-" + command}));
    REQUIRE(!made);
    CHECK(made.error().code == Errc::permission);
    CHECK(made.error().message.find("user anna") != std::string::npos);
    CHECK(made.error().message.find(" +" + command) != std::string::npos);
  }
  CHECK(try_open(host, user(server, {})));
}

TEST_CASE("keys and the channel that a user may not use are named at the start, in one line") {
  RedisServer server;
  testing::TestHost host;
  const auto made = try_open(host, user(server, {"resetkeys", "resetchannels", "-subscribe"}));
  REQUIRE(!made);
  CHECK(made.error().code == Errc::permission);
  for (const char* right : {" ~{penstock}:*", " ~{penstock:*", " &{penstock}:bell", " +subscribe"})
    CHECK(made.error().message.find(right) != std::string::npos);
  CHECK(made.error().message.find('\n') == std::string::npos);
}

TEST_CASE("the rights that the README names are enough") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, user(server, {"resetkeys", "~{penstock}:*", "~{penstock:*", "resetchannels",
                                          "&{penstock}:bell", "-@dangerous", "+info", "+role", "+config|get"}));
  REQUIRE(*put(*b, task(1)) == Item::ok);
  const auto x = claim(*b, 1);
  REQUIRE(x->leased.size() == 1);
  CHECK(*settle(*b, x->leased[0]) == Item::ok);
  CHECK(b->counts());
  CHECK(query<Gates>(*b)->hold("*", "", kHoldForever));
  CHECK(query<Gates>(*b)->gates(""));
  CHECK(query<Registry>(*b)->list(""));
  CHECK(query<Audit>(*b)->audit(1));
}

// What a script has written before it rings is there: a ring that is refused must not leave it half done.
TEST_CASE("a user who loses the right to the channel loses no task") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, user(server, {}));
  REQUIRE(claim(*b, 1)->leased.empty());  // arms the bell
  user(server, {"resetchannels"});
  const auto plain = open(host, server.url());
  const std::vector<NewTask> both{task(1, "q"), task(2, "r")};
  const auto entered = b->enqueue(both, nullptr);
  REQUIRE(entered);
  CHECK(entered->at(0).what == Item::ok);
  CHECK(entered->at(1).what == Item::ok);
  const auto x = claim(*b, 2);
  REQUIRE(x);
  REQUIRE(x->leased.size() == 1);
  CHECK(*settle(*b, x->leased[0]) == Item::ok);
  CHECK(plain->counts()->size() == 2);
}

TEST_CASE("a claim makes one attempt to listen, not one after the other until its time is over") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, user(server, {}));
  REQUIRE(*put(*b, task(1)) == Item::ok);
  user(server, {"-subscribe"});
  for (int i = 0; i < 5; ++i) REQUIRE(claim(*b, 1));
  CHECK(told(server, "subscribe", "rejected_calls") == 1);
}

TEST_CASE("the bell is heard again after its connection was ended") {
  RedisServer server;
  testing::TestHost host;
  const auto b = open(host, server.url()), other = open(host, server.url());
  std::uint64_t bell = claim(*b, 1)->bell;
  for (int round = 1; round <= 3; ++round) {
    server.cli({"CLIENT", "KILL", "TYPE", "pubsub"});
    const auto after = query<Waiter>(*b)->wait(bell, std::chrono::seconds(20));  // something may have been missed
    REQUIRE(after);
    CHECK(*after != bell);
    bell = claim(*b, 1)->bell;
    REQUIRE(*put(*other, task(round)) == Item::ok);
    CHECK(*query<Waiter>(*b)->wait(bell, std::chrono::seconds(20)) != bell);
    const auto x = claim(*b, 2);
    REQUIRE(x->leased.size() == 1);
    bell = x->bell;
  }
}

}  // namespace penstock::redis
