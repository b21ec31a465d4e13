// Sentinels: the master is found, followed, and no other server is written to.
#include "integration/redis/fixture.hpp"
#include "support/ports.hpp"
#include "support/redis/sentinels.hpp"

namespace penstock::redis {
namespace {

using testing::RedisServer;
using testing::Sentinels;
using What = Listener::Heard::What;

Options sentinel_options(const Sentinels& sentinels) {
  Options o;
  o.master = Sentinels::kMaster;
  for (std::uint16_t port : sentinels.ports()) o.sentinels.push_back({"127.0.0.1", port});
  return o;
}

Result<Reply> ask_until(Client& client, std::initializer_list<std::string_view> words) {
  Result<Reply> result = ask(client, words, in(1s));
  for (const Deadline end = in(60s); !result && Clock::now() < end;) result = ask(client, words, in(1s));
  return result;
}

TEST_CASE("sentinels: the master is killed, another is followed, and the old one is not written to when it is back") {
  Sentinels sentinels;
  Options o = sentinel_options(sentinels);
  o.sentinels.insert(o.sentinels.begin(), {"127.0.0.1", testing::free_port()});  // one that is not there
  Client client(o);
  auto listener = client.listen({"bell"});
  REQUIRE(listener->wait(in(10s)).what == What::subscribed);
  REQUIRE(text(ask(client, {"SET", "a", "1"})) == "OK");
  CHECK(sentinels.first().cli({"GET", "a"}) == "1");
  sentinels.first().kill();
  REQUIRE(text(ask_until(client, {"SET", "a", "2"})) == "OK");
  CHECK(sentinels.second().cli({"GET", "a"}) == "2");
  auto heard = listener->wait(in(10s));
  while (heard.what == What::lost) heard = listener->wait(in(10s));
  CHECK(heard.what == What::subscribed);
  sentinels.first().start();
  CHECK(text(ask_until(client, {"SET", "a", "3"})) == "OK");
  CHECK(sentinels.second().cli({"GET", "a"}) == "3");
}

// Nobody dies: only the announcement tells, and the listener hears it.
TEST_CASE("sentinels: a master that is replaced while it lives is left at the announcement") {
  Sentinels sentinels;
  Client client(sentinel_options(sentinels));
  auto listener = client.listen({"bell"});
  REQUIRE(listener->wait(in(10s)).what == What::subscribed);
  REQUIRE(text(ask(client, {"SET", "a", "1"})) == "OK");
  sentinels.cli(0, {"SENTINEL", "FAILOVER", Sentinels::kMaster});
  auto heard = listener->wait(in(60s));
  CHECK(heard.what == What::lost);
  sentinels.switched();
  REQUIRE(text(ask_until(client, {"SET", "a", "2"})) == "OK");
  CHECK(sentinels.second().cli({"GET", "a"}) == "2");
}

// The old master is cut off, not dead: its connections stay, and only the announcement tells.
TEST_CASE("sentinels: a master that hangs is left at the announcement, and not written to when it wakes") {
  Sentinels sentinels;
  Options o = sentinel_options(sentinels);
  o.listen_ping = 1h;  // nor does the listener ask the master by itself
  Client client(o);
  auto listener = client.listen({"bell"});
  REQUIRE(listener->wait(in(10s)).what == What::subscribed);
  REQUIRE(text(ask(client, {"SET", "a", "1"})) == "OK");
  sentinels.first().freeze();
  const auto heard = listener->wait(in(60s));  // sentinels that had to wait for their turn judge nobody for 30 s
  CHECK(heard.what == What::lost);
  CHECK(heard.error.message.find("another master") != std::string::npos);
  sentinels.first().thaw();
  REQUIRE(text(ask_until(client, {"SET", "a", "2"})) == "OK");
  CHECK(sentinels.second().cli({"GET", "a"}) == "2");
}

TEST_CASE("sentinels: a server that is no master is not written to, whoever names it") {
  RedisServer master;
  RedisServer replica({"--replicaof", "127.0.0.1 " + std::to_string(master.port())});
  Client client(options(replica.url()));
  const auto result = ask(client, {"SET", "a", "1"});
  REQUIRE(!result);
  CHECK(result.error().code == Errc::unavailable);
  CHECK(result.error().message.find("not a master") != std::string::npos);
}

TEST_CASE("a master that becomes a replica under our connection: nothing is written, and it is left") {
  RedisServer other;
  RedisServer server;
  Client client(options(server.url()));
  REQUIRE(text(ask(client, {"SET", "a", "1"})) == "OK");
  server.cli({"REPLICAOF", "127.0.0.1", std::to_string(other.port())});
  const auto result = ask(client, {"SET", "a", "2"});
  REQUIRE(!result);
  CHECK(result.error().code == Errc::unavailable);
  server.cli({"REPLICAOF", "NO", "ONE"});
  CHECK(text(ask_until(client, {"SET", "a", "3"})) == "OK");
}

TEST_CASE("sentinels that know no such master, or are not there, are named in the error") {
  Sentinels sentinels;
  Options o = sentinel_options(sentinels);
  o.master = "nobody";
  Client client(o);
  const auto result = ask(client, {"PING"});
  REQUIRE(!result);
  CHECK(result.error().code == Errc::unavailable);
  CHECK(result.error().message.find("nobody") != std::string::npos);
}

}  // namespace
}  // namespace penstock::redis
