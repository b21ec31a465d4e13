// A connection of the benchmark's own to a Redis server, for ceilings and for asking the server about itself.
#pragma once

#include <cstddef>
#include <ctime>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct redisContext;
struct redisReply;

namespace penstock::bench {

struct FreeRedisReply {
  void operator()(redisReply* reply) const noexcept;
};
using RedisReply = std::unique_ptr<redisReply, FreeRedisReply>;

// Throws std::runtime_error when the server answers with an error, or not at all.
// Thread: one at a time.
class RedisConnection {
 public:
  explicit RedisConnection(const std::string& socket);  // a path
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;
  ~RedisConnection();

  void add(const std::vector<std::string_view>& words);  // a command, to be sent with the next flush or reply
  void flush();
  RedisReply reply();  // the next
  RedisReply call(const std::vector<std::string_view>& words);
  std::string text(const std::vector<std::string_view>& words);  // of a call
  long long number(const std::vector<std::string_view>& words);  // of a call

  // A value of INFO `section`: that after "KEY:", or after "KEY:...,FIELD=". 0: there is none.
  double info(const char* section, const std::string& key, const std::string& field = {});
  double server_cpu() const;                               // seconds that it has used, asked of the system
  bool next_line(std::string& line, std::size_t wait_ms);  // of MONITOR; false: none came in time

 private:
  redisContext* context_;
  clockid_t server_clock_{};
};

std::string redis_version();  // of the redis-server that is installed

}  // namespace penstock::bench
