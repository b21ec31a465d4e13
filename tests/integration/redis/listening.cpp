// Channels: what is heard, and what ends a wait.
#include <thread>

#include "integration/redis/fixture.hpp"
#include "support/fault_proxy.hpp"
#include "support/redis/server.hpp"

namespace penstock::redis {
namespace {

using testing::FaultProxy;
using testing::RedisServer;
using What = Listener::Heard::What;

TEST_CASE("a listener hears what is published after it has subscribed") {
  RedisServer server;
  Client client(options(server.url()));
  auto listener = client.listen({"a", "b"});
  REQUIRE(listener->wait(in(10s)).what == What::subscribed);
  CHECK(text(ask(client, {"PUBLISH", "b", "one"})) == "1");
  CHECK(text(ask(client, {"PUBLISH", "a", "two"})) == "1");
  CHECK(text(ask(client, {"PUBLISH", "c", "three"})) == "0");
  const auto first = listener->wait(in(10s)), second = listener->wait(in(10s));
  CHECK(first.what == What::message);
  CHECK(first.channel == "b");
  CHECK(first.text == "one");
  CHECK(second.text == "two");
  const auto start = Clock::now();
  CHECK(listener->wait(in(50ms)).what == What::timeout);
  CHECK(Clock::now() - start >= 50ms);
}

TEST_CASE("a wait is interrupted, once for any number of interruptions") {
  RedisServer server;
  Client client(options(server.socket_url()));
  auto listener = client.listen({"a"});
  listener->interrupt();
  listener->interrupt();
  CHECK(listener->wait(in(10s)).what == What::interrupted);
  REQUIRE(listener->wait(in(10s)).what == What::subscribed);
  std::thread other([&] { listener->interrupt(); });
  CHECK(listener->wait(in(10s)).what == What::interrupted);
  other.join();
  CHECK(listener->wait(in(1ms)).what == What::timeout);
}

TEST_CASE("a wait is interrupted while it connects to somebody who does not answer") {
  RedisServer server;
  FaultProxy proxy(server.port());
  proxy.part();
  Options o = options("redis://127.0.0.1:" + std::to_string(proxy.port()));
  o.connect_timeout = 60s;
  Client client(o);
  auto listener = client.listen({"a"});
  std::thread other([&] {
    (void)eventually([&] { return proxy.accepted() == 1; });
    listener->interrupt();
  });
  CHECK(listener->wait(in(60s)).what == What::interrupted);
  other.join();
  CHECK(proxy.accepted() == 1);
}

TEST_CASE("a lost connection is reported, made again, and that is reported too") {
  RedisServer server;
  Options o = options(server.url());
  o.backoff_cap = 20ms;
  Client client(o);
  auto listener = client.listen({"a"});
  REQUIRE(listener->wait(in(10s)).what == What::subscribed);
  server.kill();
  const auto lost = listener->wait(in(10s));
  CHECK(lost.what == What::lost);
  CHECK(lost.error.code == Errc::unavailable);
  CHECK(listener->wait(in(10s)).what == What::lost);  // an attempt that failed
  server.start();
  auto heard = listener->wait(in(10s));
  while (heard.what == What::lost) heard = listener->wait(in(10s));
  CHECK(heard.what == What::subscribed);
}

TEST_CASE("silence is told from a connection that is gone") {
  RedisServer server;
  FaultProxy proxy(server.port());
  Options o = options("redis://127.0.0.1:" + std::to_string(proxy.port()));
  o.listen_ping = 50ms, o.listen_patience = 60s;
  SECTION("it asks, and is answered") {
    Client client(o);
    auto listener = client.listen({"a"});
    REQUIRE(listener->wait(in(10s)).what == What::subscribed);
    const auto asked = [&] {
      const std::string stats = server.cli({"INFO", "commandstats"});
      const std::size_t at = stats.find("cmdstat_ping:calls=");
      return at == std::string::npos ? 0 : std::stol(stats.substr(at + 19));
    };
    const long before = asked();
    CHECK(eventually([&] {
      return listener->wait(in(100ms)).what == What::timeout && asked() >= before + 3;  // each answer is waited for
    }));
  }
  SECTION("it asks, and is not") {
    o.listen_patience = 100ms;
    Client client(o);
    auto listener = client.listen({"a"});
    REQUIRE(listener->wait(in(10s)).what == What::subscribed);
    proxy.part();
    const auto heard = listener->wait(in(60s));
    CHECK(heard.what == What::lost);
    CHECK(heard.error.message.find("does not answer") != std::string::npos);
  }
}

TEST_CASE("a user who may not listen is told so") {
  RedisServer server;
  server.cli({"ACL", "SETUSER", "anna", "on", ">secret", "~*", "resetchannels", "+@all"});
  Client client(options("redis://anna:secret@127.0.0.1:" + std::to_string(server.port())));
  auto listener = client.listen({"a"});
  const auto heard = listener->wait(in(10s));
  CHECK(heard.what == What::lost);
  CHECK(heard.error.code == Errc::permission);
}

}  // namespace
}  // namespace penstock::redis
