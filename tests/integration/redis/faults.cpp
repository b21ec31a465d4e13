// What networks do to a connection: each fault gives the right error, and never another call's reply.
#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>
#include <unistd.h>

#include "integration/redis/fixture.hpp"
#include "support/fault_proxy.hpp"
#include "support/redis/server.hpp"

namespace penstock::redis {
namespace {

using testing::FaultProxy;
using testing::NetworkFault;
using testing::RedisServer;
using Kind = NetworkFault::Kind;
using To = NetworkFault::To;

struct Lab {
  RedisServer server;
  FaultProxy proxy{server.port()};
  Client client;

  Lab() : client(make_options(proxy.port())) { REQUIRE(ask(client, {"PING"})); }
  static Options make_options(std::uint16_t port) {
    Options o = options("redis://127.0.0.1:" + std::to_string(port));
    o.connections = 1;
    o.backoff = o.backoff_cap = 1ms;
    return o;
  }
  // A few numbered calls in one flush. Their replies together are `octets(3)` long, the end mark not counted.
  std::vector<Result<Reply>> numbered(int first, Deadline deadline) {
    Words batch;
    for (int i = first; i < first + 3; ++i) batch.command({"ECHO", number(i)});
    return batch.run(client, deadline);
  }
  static std::string number(int i) { return "n" + std::to_string(100'000 + i); }
  // Until a connection is there again.
  void recover() {
    const Deadline end = in(10s);
    Result<Reply> pong = ask(client, {"PING"});
    while (!pong && Clock::now() < end) pong = ask(client, {"PING"});
    REQUIRE(pong);
  }
};

// Every result is the call's own reply or an error of this code; returns how many are errors.
int check_own(const std::vector<Result<Reply>>& results, int first, Errc code = Errc::unknown_outcome) {
  int errors = 0;
  for (std::size_t k = 0; k < results.size(); ++k) {
    if (results[k]) {
      CHECK(text(results[k]) == Lab::number(first + static_cast<int>(k)));
    } else {
      CHECK(results[k].error().code == code);
      ++errors;
    }
  }
  return errors;
}

// The replies of a flush of three: "$7\r\nn100000\r\n" each, then the mark.
constexpr std::uint64_t kReply = 13, kReplies = 3 * kReply;

TEST_CASE("replies cut or reset at every octet: of unknown outcome, and nothing is left for the next caller") {
  Lab lab;
  const Kind kind = GENERATE(Kind::cut, Kind::reset);
  for (std::uint64_t at = 0; at < kReplies + 10; ++at) {
    const int first = static_cast<int>(at) * 10;
    lab.proxy.arm({.kind = kind, .at = at});
    CHECK(check_own(lab.numbered(first, in(10s)), first) == 3);
    lab.recover();
    CHECK(check_own(lab.numbered(first + 5, in(10s)), first + 5) == 0);
  }
  CHECK(lab.proxy.happened() == kReplies + 10);
}

// Until an offset lies behind the end of the replies: then the fault does not happen.
TEST_CASE("replies of every kind, cut at every octet") {
  Lab lab;
  const std::string big(300, 'b');
  lab.server.cli({"RPUSH", "list", "a", "bb", "ccc"});
  lab.server.cli({"HSET", "hash", "f", "v", "g", ""});
  lab.server.cli({"SET", "text", big});
  const std::vector<std::vector<std::vector<std::string_view>>> transcripts{
      {{"GET", "nothing"}},
      {{"GET", "text"}},
      {{"LRANGE", "list", "0", "-1"}, {"LLEN", "list"}},
      {{"HGETALL", "hash"}, {"HGET", "hash", "g"}, {"HMGET", "hash", "f", "x", "g"}},
      {{"TYPE", "list"}, {"GET", "list"}, {"EXISTS", "text"}},
      {{"EVAL", "return {1, {}, {'a', {'b', {3, false}}}, redis.error_reply('ODD one')}", "0"}},
      {{"SET", "x", "1"}, {"GET", "x"}, {"DEL", "x"}, {"GET", "x"}},
      {{"ECHO", "\r\n$-1\r\n*2\r\n"}, {"ECHO", ""}, {"ECHO", "-ERR no"}}};
  for (const auto& transcript : transcripts) {
    Words batch;
    for (const auto& command : transcript) batch.command(command);
    const auto told = [](const Result<Reply>& result) { return result ? shown(*result) : text(result); };
    std::vector<std::string> expected;
    for (const auto& result : batch.run(lab.client, in(10s))) expected.push_back(told(result));
    for (std::uint64_t at = 0;; ++at) {
      lab.proxy.arm({.kind = Kind::cut, .at = at});
      const std::uint64_t before = lab.proxy.happened();
      const auto results = batch.run(lab.client, in(10s));
      const bool cut = lab.proxy.happened() != before;
      for (std::size_t k = 0; k < results.size(); ++k) {
        if (cut) {
          CHECK(!results[k]);
          CHECK(results[k].error().code == Errc::unknown_outcome);
        } else {
          CHECK(told(results[k]) == expected[k]);
        }
      }
      lab.proxy.disarm();
      if (!cut) break;
      lab.recover();
    }
  }
}

// What is still in our hands when the connection ends has not happened; what has left may have.
TEST_CASE("of a large flush that is cut, the calls not yet begun are known not to have happened") {
  Lab lab;
  const std::string large(30 << 20, 'x');
  Words batch;
  batch.command({"SET", "a", large});
  batch.command({"SET", "b", large});
  batch.command({"SET", "c", large});
  lab.proxy.arm({.kind = Kind::cut, .to = To::server, .at = 1 << 20});
  const auto results = batch.run(lab.client, in(10s));
  CHECK(results[0].error().code == Errc::unknown_outcome);
  CHECK(results[2].error().code == Errc::unavailable);
  lab.recover();
  CHECK(text(ask(lab.client, {"EXISTS", "a", "b", "c"})) == "0");
}

// Whether a thread of this process is blocked in the kernel.
bool waits(int thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t state = line.rfind(") ");
  return state != std::string::npos && line[state + 2] == 'S';
}

// By default that ends the process. A unix socket gives it at once, when its peer dies in the middle of a write.
TEST_CASE("the signal of a closed pipe is held back from the program") {
  RedisServer server;
  Client client(options(server.socket_url()));
  const auto before = std::signal(SIGPIPE, SIG_DFL);
  for (int round = 0; round < 5; ++round) {
    Result<Reply> pong = ask(client, {"PING"});
    for (const Deadline end = in(10s); !pong && Clock::now() < end;) pong = ask(client, {"PING"});
    REQUIRE(pong);
    server.freeze();  // so that the write fills the socket, and stays in it
    std::atomic<int> begun{0};
    std::thread other([&] {
      sigset_t pipe;
      sigemptyset(&pipe);
      sigaddset(&pipe, SIGPIPE);
      pthread_sigmask(SIG_UNBLOCK, &pipe, nullptr);
      const std::string large(30 << 20, 'x');
      begun = gettid();
      (void)ask(client, {"SET", "a", large});
    });
    while (begun == 0 || !waits(begun)) std::this_thread::yield();
    server.kill();
    other.join();
    server.start();
  }
  std::signal(SIGPIPE, before);
}

TEST_CASE("requests cut at an octet: what was handed over is of unknown outcome") {
  Lab lab;
  for (std::uint64_t at = 0; at < 60; at += 7) {
    lab.proxy.arm({.kind = Kind::cut, .to = To::server, .at = at});
    CHECK(check_own(lab.numbered(0, in(10s)), 0) == 3);
    lab.recover();
  }
}

TEST_CASE("a reply that is swallowed shifts none of the others") {
  Lab lab;
  for (std::uint64_t reply = 0; reply < 3; ++reply) {
    const int first = static_cast<int>(reply) * 10;
    lab.proxy.arm({.kind = Kind::swallow, .at = reply * kReply, .count = kReply});
    CHECK(check_own(lab.numbered(first, in(300ms)), first) == 3);
    lab.proxy.disarm();
    lab.recover();
    CHECK(check_own(lab.numbered(first + 5, in(10s)), first + 5) == 0);
  }
}

TEST_CASE("octets that are lost anywhere never make a wrong reply") {
  Lab lab;
  for (std::uint64_t at = 0; at < kReplies; at += 3) {
    lab.proxy.arm({.kind = Kind::swallow, .at = at, .count = 4});
    const auto results = lab.numbered(0, in(200ms));
    CHECK(check_own(results, 0) == 3);
    lab.recover();
  }
}

TEST_CASE("a reply that comes twice is given to nobody") {
  Lab lab;
  for (std::uint64_t reply = 0; reply < 3; ++reply) {
    const int first = static_cast<int>(reply) * 10;
    lab.proxy.arm({.kind = Kind::duplicate, .at = reply * kReply, .count = kReply});
    CHECK(check_own(lab.numbered(first, in(10s)), first) == 3);
    lab.recover();
    for (int i = 0; i < 3; ++i) CHECK(check_own(lab.numbered(first + 5, in(10s)), first + 5) == 0);
  }
}

// When the flush has as many replies as it asked for, nothing but the mark tells that they are the wrong ones.
TEST_CASE("a reply that comes twice is given to nobody, also when the last one is late") {
  Lab lab;
  for (std::uint64_t reply = 0; reply < 3; ++reply) {
    const int first = static_cast<int>(reply) * 10;
    lab.proxy.arm({{.kind = Kind::duplicate, .at = reply * kReply, .count = kReply},
                   {.kind = Kind::delay, .at = kReplies, .time = 50ms}});
    CHECK(check_own(lab.numbered(first, in(10s)), first) == 3);
    lab.recover();
    CHECK(check_own(lab.numbered(first + 5, in(10s)), first + 5) == 0);
  }
}

// The end mark comes twice, and its second copy perhaps only after the flush is over.
TEST_CASE("a duplicate that comes late is found by the next flush") {
  Lab lab;
  for (int round = 0; round < 20; ++round) {
    Words batch;
    batch.command({"ECHO", Lab::number(round)});
    lab.proxy.arm({.kind = Kind::duplicate, .at = kReply, .count = 20});
    const auto first = batch.run(lab.client, in(10s));
    check_own(first, round);
    const auto second = lab.numbered(round * 10, in(10s));
    check_own(second, round * 10);
    lab.proxy.disarm();
    lab.recover();
  }
}

TEST_CASE("a half-open connection ends the call at its deadline, and only that call") {
  Lab lab;
  lab.proxy.arm({.kind = Kind::half_open, .at = 5});
  const auto start = Clock::now();
  CHECK(check_own(lab.numbered(0, in(200ms)), 0) == 3);
  CHECK(Clock::now() - start >= 200ms);
  lab.recover();
  CHECK(check_own(lab.numbered(10, in(10s)), 10) == 0);
}

// Of the proxy itself: a long run must not pile them up.
TEST_CASE("half-open connections end when they are told to, and no others") {
  Lab lab;
  const std::string well = text(ask(lab.client, {"CLIENT", "ID"}));
  Client other(Lab::make_options(lab.proxy.port()));
  const std::string ill = text(ask(other, {"CLIENT", "ID"}));
  lab.proxy.arm({.kind = Kind::half_open});
  REQUIRE_FALSE(ask(other, {"PING"}, in(200ms)));
  const auto there = [&](const std::string& id) { return !lab.server.cli({"CLIENT", "LIST", "ID", id}).empty(); };
  CHECK(there(ill));
  lab.proxy.reset_half_open();
  CHECK(eventually([&] { return !there(ill); }));
  CHECK(text(ask(lab.client, {"CLIENT", "ID"})) == well);
}

TEST_CASE("a reply that comes after the deadline is too late") {
  Lab lab;
  lab.proxy.arm({.kind = Kind::delay, .at = 5, .time = 3s});
  CHECK(check_own(lab.numbered(0, in(200ms)), 0) == 3);
  lab.recover();
  CHECK(check_own(lab.numbered(10, in(10s)), 10) == 0);
}

TEST_CASE("a delay within the deadline is no fault") {
  Lab lab;
  lab.proxy.arm({.kind = Kind::delay, .at = 15, .time = 100ms});
  CHECK(check_own(lab.numbered(0, in(10s)), 0) == 0);
  CHECK(lab.proxy.happened() == 1);
}

TEST_CASE("a call that may happen twice is sent again when its reply is lost") {
  Lab lab;
  Words batch;
  batch.command({"INCR", "n"}).safe_to_repeat = true;
  batch.command({"INCR", "m"});
  lab.proxy.arm({.kind = Kind::cut, .at = 1});
  const auto results = batch.run(lab.client, in(10s));
  CHECK(text(results[0]) == "2");
  REQUIRE(!results[1]);
  CHECK(results[1].error().code == Errc::unknown_outcome);
  CHECK(lab.server.cli({"GET", "m"}) == "1");
}

// It is not said that nothing happened only because the second attempt could not connect.
TEST_CASE("a call whose second attempt is impossible is still of unknown outcome") {
  Lab lab;
  Words batch;
  batch.command({"INCR", "n"}).safe_to_repeat = true;
  lab.proxy.aim(1);  // nobody listens there
  lab.proxy.arm({.kind = Kind::cut, .at = 1});
  const auto results = batch.run(lab.client, in(10s));
  REQUIRE(!results[0]);
  CHECK(results[0].error().code == Errc::unknown_outcome);
  CHECK(lab.server.cli({"GET", "n"}) == "1");
}

// One caller holds the only connection to a server that hangs; the others stand in line, and are let go together.
TEST_CASE("callers who share a flush that is lost: each is told that it may have happened") {
  RedisServer server;
  FaultProxy proxy(server.port());
  Client client(Lab::make_options(proxy.port()));
  for (std::uint64_t round = 0; round < 10; ++round) {
    const auto pinged = [&] {
      const std::string stats = server.cli({"INFO", "commandstats"});
      const std::size_t at = stats.find("cmdstat_ping:calls=");
      return at == std::string::npos ? 0 : std::stol(stats.substr(at + 19));
    };
    REQUIRE(eventually([&] { return bool(ask(client, {"PING"})); }));
    const long before = pinged();
    server.freeze();
    std::vector<std::thread> threads;
    std::vector<Result<Reply>> results(9, Result<Reply>(Reply()));
    std::atomic<int> ids[9] = {};
    for (std::size_t t = 0; t < 9; ++t) {
      threads.emplace_back([&, t] {
        ids[t] = gettid();
        results[t] = ask(client, {"ECHO", Lab::number(static_cast<int>(t))}, in(60s));
      });
      while (ids[t] == 0 || !waits(ids[t])) std::this_thread::yield();
    }
    // The leader's own replies pass, 38 or 39 octets with the mark; in those of the others it is cut.
    proxy.arm({.kind = Kind::cut, .at = 45 + 3 * round});
    server.thaw();
    for (auto& thread : threads) thread.join();
    CHECK(text(results[0]) == Lab::number(0));
    int lost = 0;
    for (std::size_t t = 1; t < 9; ++t) {
      if (results[t]) {
        CHECK(text(results[t]) == Lab::number(static_cast<int>(t)));
      } else {
        CHECK(results[t].error().code == Errc::unknown_outcome);
        ++lost;
      }
    }
    CHECK(lost == 8);
    CHECK(pinged() - before == 2);  // one flush of the leader's, one of all the others
    proxy.disarm();
  }
}

// The connection ends with the patience of the first. Whoever has sent nothing by then is told that there is none.
TEST_CASE("callers who share a flush that nobody answers: each waits until its own deadline, not the leader's") {
  RedisServer server;
  Client client(Lab::make_options(server.port()));
  REQUIRE(ask(client, {"PING"}));
  server.freeze();
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      const Deadline end = in(std::chrono::milliseconds(300 + 50 * (t % 4)));
      const auto result = ask(client, {"ECHO", Lab::number(t)}, end);
      const bool early = Clock::now() < end, sent = !result && result.error().code == Errc::unknown_outcome;
      wrong += bool(result) || (early && sent) || (!sent && result.error().code != Errc::unavailable);
    });
  }
  for (auto& thread : threads) thread.join();
  server.thaw();
  CHECK(wrong == 0);
  CHECK(eventually([&] { return text(ask(client, {"ECHO", "mine"})) == "mine"; }));
}

TEST_CASE("nothing is sent while there is no connection, and everybody is told at once") {
  Lab lab;
  lab.proxy.aim(1);
  lab.proxy.reset_all();
  CHECK(check_own(lab.numbered(0, in(10s)), 0, Errc::unavailable) == 3);
  CHECK(lab.server.cli({"INFO", "commandstats"}).find("cmdstat_echo") == std::string::npos);
}

TEST_CASE("while an attempt to connect is not due, nobody makes one") {
  RedisServer server;
  FaultProxy proxy(server.port());
  proxy.aim(1);
  Options o = Lab::make_options(proxy.port());
  o.backoff = o.backoff_cap = 1h;
  Client client(o);
  CHECK(!ask(client, {"PING"}));
  REQUIRE(proxy.accepted() == 1);
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const auto result = ask(client, {"PING"});
        refused += !result && result.error().code == Errc::unavailable;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(refused == 400);
  CHECK(proxy.accepted() == 1);
}

TEST_CASE("an attempt to connect that gets no answer ends by the deadline") {
  Lab lab;
  lab.proxy.part();
  const auto first = ask(lab.client, {"PING"}, in(100ms));
  REQUIRE(!first);
  const auto second = ask(lab.client, {"PING"}, in(100ms));
  REQUIRE(!second);
  CHECK(second.error().code == Errc::unavailable);
  lab.proxy.join();
  lab.recover();
}

TEST_CASE("many threads under random faults: never a crossed reply") {
  RedisServer server;
  FaultProxy proxy(server.port());
  Options o = Lab::make_options(proxy.port());
  o.connections = 4;
  Client client(o);
  std::atomic<int> crossed{0}, answered{0}, running{8};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 300; ++i) {
        Words batch;
        for (int k = 0; k < 3; ++k) batch.command({"ECHO", Lab::number(t * 10'000 + i * 10 + k)});
        const auto results = batch.run(client, in(2s));
        for (int k = 0; k < 3; ++k) {
          if (!results[static_cast<std::size_t>(k)]) continue;
          ++answered;
          crossed += text(results[static_cast<std::size_t>(k)]) != Lab::number(t * 10'000 + i * 10 + k);
        }
      }
      --running;
    });
  }
  std::uint64_t seed = 1;
  while (running != 0) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    constexpr Kind kinds[] = {Kind::cut, Kind::reset, Kind::duplicate, Kind::delay};
    const std::uint64_t happened = proxy.happened();
    proxy.arm({.kind = kinds[seed >> 60 & 3], .at = seed >> 40 & 0xfff, .count = 1 + (seed >> 20 & 15), .time = 1ms});
    while (running != 0 && proxy.happened() == happened) std::this_thread::yield();
  }
  for (auto& thread : threads) thread.join();
  CHECK(crossed == 0);
  CHECK(answered > 1000);
}

}  // namespace
}  // namespace penstock::redis
