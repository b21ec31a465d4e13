// TLS, and users of the server: what is accepted, and what is refused before anything is said.
#include <csignal>
#include <thread>

#include "integration/redis/fixture.hpp"
#include "support/fault_proxy.hpp"
#include "support/ports.hpp"
#include "support/redis/certificates.hpp"
#include "support/redis/server.hpp"

namespace penstock::redis {
namespace {

using testing::Certificates;
using testing::FaultProxy;
using testing::NetworkFault;
using testing::RedisServer;

Options tls_options(const std::string& host, std::uint16_t port, const std::string& ca) {
  Options o = options("rediss://" + host + ":" + std::to_string(port));
  o.tls.ca_file = ca;
  return o;
}

Errc refused(const Options& o, std::chrono::milliseconds time = 10s) {
  Client client(o);
  const auto result = ask(client, {"PING"}, in(time));
  if (result) return Errc{};
  INFO(result.error().message);
  return result.error().code;
}

TEST_CASE("TLS: the right authority and the right name") {
  Certificates certificates;
  certificates.sign("localhost");
  const std::uint16_t port = testing::free_port();
  RedisServer server(certificates.server_words(port, "localhost"));
  Client client(tls_options("localhost", port, certificates.ca()));
  const std::string big(3 << 20, 'x');
  CHECK(text(ask(client, {"SET", "key", big})) == "OK");
  CHECK(text(ask(client, {"GET", "key"})) == big);

  SECTION("another name, given") {
    Options o = tls_options("127.0.0.1", port, certificates.ca());
    CHECK(refused(o) == Errc::permission);
    o.tls.server_name = "localhost";
    CHECK(refused(o) == Errc{});
    o.tls.server_name = "other.example";
    CHECK(refused(o) == Errc::permission);
  }
  SECTION("another authority") {
    Certificates others;
    CHECK(refused(tls_options("localhost", port, others.ca())) == Errc::permission);
    CHECK(refused(tls_options("localhost", port, "")) == Errc::permission);  // the system's
  }
  SECTION("files that are not there") {
    CHECK(refused(tls_options("localhost", port, "/nowhere/ca.crt")) == Errc::invalid);
  }
  SECTION("a server that does not speak TLS") {
    CHECK(refused(tls_options("localhost", server.port(), certificates.ca()), 2s) != Errc{});
  }
  SECTION("killed and started again") {
    server.restart();
    Result<Reply> pong = ask(client, {"PING"});
    for (const Deadline end = in(5s); !pong && Clock::now() < end;) pong = ask(client, {"PING"});
    CHECK(pong);
  }
}

// The name is checked however late the server answers: nothing is ever said to the wrong one.
TEST_CASE("TLS: a server with another name that answers late is told nothing") {
  Certificates certificates;
  certificates.sign("other.example");
  const std::uint16_t port = testing::free_port();
  RedisServer server(certificates.server_words(port, "other.example"));
  for (int i = 0; i < 4; ++i) {
    FaultProxy proxy(port);  // each its own: a connection of the last client's must not take the delay
    proxy.arm({.kind = NetworkFault::Kind::delay, .at = 0, .time = std::chrono::milliseconds(i == 3 ? 5000 : 100 * i)});
    Client client(tls_options("127.0.0.1", proxy.port(), certificates.ca()));
    const auto result = ask(client, {"SET", "secret", "1"}, in(i == 3 ? 200ms : 5000ms));
    REQUIRE(!result);
    CHECK(result.error().code == (i == 3 ? Errc::unavailable : Errc::permission));
  }
  CHECK(server.cli({"EXISTS", "secret"}) == "0");
  CHECK(server.cli({"INFO", "commandstats"}).find("cmdstat_ping") == std::string::npos);
}

TEST_CASE("TLS: a server that asks for our certificate") {
  Certificates certificates;
  certificates.sign("localhost");
  certificates.sign("client");
  const std::uint16_t port = testing::free_port();
  RedisServer server(certificates.server_words(port, "localhost", true));
  Options o = tls_options("localhost", port, certificates.ca());
  CHECK(refused(o) != Errc{});
  o.tls.cert_file = certificates.certificate("client"), o.tls.key_file = certificates.key("client");
  CHECK(refused(o) == Errc{});
}

TEST_CASE("TLS: octets cut or swallowed give no wrong reply") {
  Certificates certificates;
  certificates.sign("localhost");
  const std::uint16_t port = testing::free_port();
  RedisServer server(certificates.server_words(port, "localhost"));
  FaultProxy proxy(port);
  Options o = tls_options("localhost", proxy.port(), certificates.ca());
  o.backoff = o.backoff_cap = 1ms;
  Client client(o);
  REQUIRE(ask(client, {"PING"}));
  for (std::uint64_t at = 0; at < 60; at += 6) {
    proxy.arm({.kind = at % 4 == 0 ? NetworkFault::Kind::cut : NetworkFault::Kind::swallow, .at = at, .count = 3});
    const auto result = ask(client, {"ECHO", "mine"}, in(500ms));
    REQUIRE(!result);
    CHECK(result.error().code == Errc::unknown_outcome);
    Result<Reply> pong = ask(client, {"ECHO", "again"});
    for (const Deadline end = in(5s); !pong && Clock::now() < end;) pong = ask(client, {"ECHO", "again"});
    CHECK(text(pong) == "again");
  }
}

TEST_CASE("TLS: the signal of a closed pipe is held back from the program") {
  Certificates certificates;
  certificates.sign("localhost");
  const std::uint16_t port = testing::free_port();
  RedisServer server(certificates.server_words(port, "localhost"));
  FaultProxy proxy(port);
  Client client(tls_options("localhost", proxy.port(), certificates.ca()));
  REQUIRE(ask(client, {"PING"}));
  const auto before = std::signal(SIGPIPE, SIG_DFL);
  std::thread other([&] {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_UNBLOCK, &pipe, nullptr);
    for (int i = 0; i < 20; ++i) {  // it says goodbye to a peer that is gone
      proxy.reset_all();
      CHECK(ask(client, {"PING"}));
    }
    proxy.arm({.kind = NetworkFault::Kind::reset, .to = NetworkFault::To::server, .at = 1 << 20});
    const auto result = ask(client, {"SET", "a", std::string(30 << 20, 'x')});
    CHECK((!result && result.error().code == Errc::unknown_outcome));
  });
  other.join();
  std::signal(SIGPIPE, before);
}

TEST_CASE("users: the right password, the wrong one, none, and one who may not") {
  RedisServer server;
  server.cli({"ACL", "SETUSER", "anna", "on", ">secret", "~*", "&*", "+@all"});
  server.cli({"ACL", "SETUSER", "bert", "on", ">secret", "~mine:*", "+@all", "-@dangerous", "+role"});
  server.cli({"ACL", "SETUSER", "default", "off"});
  Options o = options(server.url());
  CHECK(refused(o) == Errc::permission);
  o.user = "anna", o.password = "secret";
  CHECK(refused(o) == Errc{});
  o.password = "wrong";
  CHECK(refused(o) == Errc::permission);
  Options bert = options("redis://bert:secret@127.0.0.1:" + std::to_string(server.port()));
  Client client(bert);
  CHECK(text(ask(client, {"SET", "mine:1", "x"})) == "OK");
  CHECK(ask(client, {"SET", "other", "x"}).error().code == Errc::permission);
  CHECK(ask(client, {"FLUSHALL"}).error().code == Errc::permission);
}

TEST_CASE("an error about users never shows the password") {
  RedisServer server({"--requirepass", "hunter2"});
  Client client(options("redis://:hunter3@127.0.0.1:" + std::to_string(server.port())));
  const auto result = ask(client, {"PING"});
  REQUIRE(!result);
  CHECK(result.error().code == Errc::permission);
  CHECK(result.error().message.find("hunter") == std::string::npos);
}

}  // namespace
}  // namespace penstock::redis
