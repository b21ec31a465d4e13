// The backend on a real server, and short words for its calls.
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "support/open_plugin.hpp"
#include "support/redis/server.hpp"

extern "C" const penstock::PluginDescriptor* penstock_plugin_0_redis() noexcept;

namespace penstock::redis {

using testing::RedisServer;
using Written = std::map<std::string, config::Written>;

// The clocks of a server, to be set in any direction.
class TurnedClock final : public TimeSource {
 public:
  Time wall() noexcept override {
    read();
    return Time(now_);
  }
  Millis boot() noexcept override { return now_; }
  void turn(Millis by) { now_ += by; }
  std::function<void()> read = [] {};  // at each look at the wall's

 private:
  Millis now_{1'700'000'000'000};
};

class TurnedHost final : public Host {
 public:
  void log(Level, std::string_view message) noexcept override { said += std::string(message) + "\n"; }
  void* query(std::string_view id) noexcept override {
    return id == TimeSource::kId ? static_cast<TimeSource*>(&clock) : nullptr;
  }
  TurnedClock clock;
  std::string said;
};

inline Result<std::unique_ptr<DurableBackend>> try_open(Host& host, const std::string& url, Written more = {}) {
  more.emplace("url", url);
  return testing::create_component<DurableBackend>(penstock_plugin_0_redis, "redis", host, more);
}

inline std::unique_ptr<DurableBackend> open(Host& host, const std::string& url, Written more = {}) {
  auto made = try_open(host, url, std::move(more));
  if (!made) FAIL(made.error().message);
  return std::move(*made);
}

// The answer of a call that is made until it has one, within a time that is long beside what it takes.
template <class Call>
auto insist(Call call) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  auto answer = call();
  while (!answer && std::chrono::steady_clock::now() < end) answer = call();
  return answer;
}

// What a line of INFO commandstats says of a command, "calls" or another count; 0: nothing.
inline long told(const RedisServer& server, const std::string& command, const std::string& what = "calls") {
  const std::string stats = server.cli({"INFO", "commandstats"});
  const std::size_t line = stats.find("cmdstat_" + command + ":");
  if (line == std::string::npos) return 0;
  return std::stol(stats.substr(stats.find(what + "=", line) + what.size() + 1));
}

inline TaskId id(int number) {
  TaskId out;
  out.bytes[14] = static_cast<unsigned char>(number >> 8);
  out.bytes[15] = static_cast<unsigned char>(number);
  return out;
}

inline NewTask task(int number, std::string_view queue = "q") {
  NewTask t;
  t.key = {queue, id(number)};
  t.kind = "kind";
  t.body = "body";
  return t;
}

inline Result<Item> put(DurableBackend& b, const NewTask& t) {
  auto answer = b.enqueue(std::span(&t, 1), nullptr);
  if (!answer) return answer.error();
  return answer->front().what;
}

inline Result<Exchanged> claim(DurableBackend& b, std::uint32_t limit, Millis lease = std::chrono::minutes(5),
                               std::string_view queue = "q") {
  const Share share{queue, limit};
  Exchange x;
  x.claim = std::span(&share, 1);
  x.limit = limit;
  x.lease = lease;
  return b.exchange(x);
}

inline Settlement settlement(const Leased& l, State to = State::succeeded) {
  Settlement s;
  s.key = {l.queue, l.id};
  s.epoch = l.epoch;
  s.to = to;
  return s;
}

inline Result<Item> settle(DurableBackend& b, const Leased& l, State to = State::succeeded) {
  const Settlement s = settlement(l, to);
  Exchange x;
  x.settle = std::span(&s, 1);
  auto answer = b.exchange(x);
  if (!answer) return answer.error();
  return answer->settled.front();
}

// What an audit finds, a line each; empty: the store is sound.
inline std::string unsound(DurableBackend& b) {
  const auto seen = insist([&] { return query<Audit>(b)->audit(20); });
  if (!seen) return seen.error().message;
  std::string out;
  for (const Violation& v : seen->violations) out += v.rule + ": " + v.where + ": " + v.what + "\n";
  return out;
}

}  // namespace penstock::redis
