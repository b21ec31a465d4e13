// What Redis itself allows for a queue of jobs: a hash for each job, a sorted set of those that wait and one of
// those that are leased, in scripts. No fence, no history, no wake-ups: the classic program that a team writes
// before it looks for a framework, with its calls kept in flight.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bench/lib/redis.hpp"
#include "bench/lib/series.hpp"

namespace penstock::bench {

// Thread: one at a time.
class RawJobs {
 public:
  struct Shape {
    std::size_t jobs, calls;  // in a call; in flight
  };
  static constexpr Shape kFused{64, 8}, kOneByOne{1, 64};

  RawJobs(const std::string& socket, const std::string& prefix, Shape shape);

  void fill(std::size_t count, const std::string& body);
  // Leases all that waits: each call ends what an earlier one leased. Returns how many jobs ended.
  std::size_t work();
  // The same call once: the seconds of CPU that the server spends on it.
  double step();
  std::size_t left();  // jobs that wait or are leased

  // A whole life at its best, on an emptied server: all is filled, then all is worked off. Jobs per second; CPU
  // seconds per 10,000 jobs of the client, and of the server.
  static Series life(const std::string& socket, std::size_t count, const std::string& body);

  RedisConnection& connection() { return redis_; }

 private:
  std::string load(const char* script) { return redis_.text({"SCRIPT", "LOAD", script}); }
  void send_fill(std::size_t count, const std::string& body);
  std::size_t send_work();
  std::size_t take(const redisReply& reply);

  RedisConnection redis_;
  const std::string ready_, active_, job_, jobs_;
  const Shape shape_;
  const std::string fill_, work_;
  std::size_t next_ = 100'000'000;  // id
  std::vector<std::string> held_;
};

}  // namespace penstock::bench
