// A TaskManager over each backend that is linked in, with short times.
#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>

#include <penstock/penstock.hpp>

#include "support/folder.hpp"
#ifdef MANAGER_REDIS
#include "support/redis/server.hpp"
#endif

using namespace std::chrono_literals;

struct Job {
  std::string name;
  int number = 0;
};
struct Answer {
  std::string text;
};
template <>
inline constexpr auto penstock::fields<Job> =
    std::tuple{penstock::field{"name", &Job::name}, penstock::field{"number", &Job::number}};
template <>
inline constexpr auto penstock::fields<Answer> = std::tuple{penstock::field{"text", &Answer::text}};
template <>
inline constexpr penstock::Policy penstock::job<Job> = {
    .kind = "test.job", .queue = "jobs", .retries = 2, .backoff = std::chrono::milliseconds(5), .jitter = false};

#ifdef MANAGER_REDIS
// One for all tests: each has keys of its own.
inline const penstock::testing::RedisServer& redis_server() {
  static const penstock::testing::RedisServer server;
  return server;
}
#endif

// A folder of its own for each test's file.
class Store {
 public:
  explicit Store(std::string backend) : backend_(std::move(backend)) {}
  const std::string& folder() const { return folder_.path(); }
  std::string file(const std::string& name) const { return folder_ / name; }
  penstock::Options options() const {
    penstock::Options o;
    o.threads = 2;
    o.log_level = penstock::Level::error;
    o.lease = 2s;
    o.grace = 100ms;
    o.backend = {.use = backend_};
    if (backend_ == "sqlite") {
      o.backend.settings["path"] = file("tasks.db");
      o.backend.settings["durability"] = std::string("process");
    }
#ifdef MANAGER_REDIS
    if (backend_ == "redis") {
      o.backend.settings["url"] = redis_server().socket_url();
      o.backend.settings["prefix"] = folder().substr(folder().rfind('/') + 1);
    }
#endif
    return o;
  }

 private:
  std::string backend_;
  penstock::testing::Folder folder_;
};

// For handlers and other threads, where Catch's assertions must not be used: the task fails, and with it the test.
inline void expect(bool kept) {
  if (!kept) throw std::logic_error("a handler did not find what it expected");
}

// Until the handlers that were left behind have returned: what they hold on to must live as long.
inline void await_stuck(const penstock::TaskManager& tasks) {
  while (tasks.metrics().stuck_threads > 0) std::this_thread::yield();
}

// Why the options are refused; empty: they are not.
inline std::string why(const penstock::Options& options) {
  try {
    penstock::TaskManager::open(options);
    return "";
  } catch (const penstock::Exception& e) {
    return e.what();
  }
}

inline std::string every_backend() {
#ifdef MANAGER_REDIS
  return GENERATE(std::string("memory"), std::string("sqlite"), std::string("redis"));
#else
  return GENERATE(std::string("memory"), std::string("sqlite"));
#endif
}
