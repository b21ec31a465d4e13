#include "bench/lib/redis.hpp"

#include <cstdlib>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdexcept>

#include "support/process.hpp"

namespace penstock::bench {
namespace {

[[noreturn]] void broken(const redisContext* context) {
  throw std::runtime_error(std::string("redis: ") + (context ? context->errstr : "no memory"));
}

}  // namespace

void FreeRedisReply::operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }

RedisConnection::RedisConnection(const std::string& socket) : context_(redisConnectUnix(socket.c_str())) {
  if (!context_ || context_->err) broken(context_);
  const auto pid = static_cast<pid_t>(info("server", "process_id"));
  if (clock_getcpuclockid(pid, &server_clock_) != 0) throw std::runtime_error("no clock of the server's CPU");
}

RedisConnection::~RedisConnection() { redisFree(context_); }

void RedisConnection::add(const std::vector<std::string_view>& words) {
  std::vector<const char*> at;
  std::vector<std::size_t> sizes;
  at.reserve(words.size());
  sizes.reserve(words.size());
  for (const std::string_view w : words) {
    at.push_back(w.data());
    sizes.push_back(w.size());
  }
  if (redisAppendCommandArgv(context_, static_cast<int>(words.size()), at.data(), sizes.data()) != REDIS_OK)
    broken(context_);
}

void RedisConnection::flush() {
  for (int done = 0; done == 0;) {
    if (redisBufferWrite(context_, &done) != REDIS_OK) broken(context_);
  }
}

RedisReply RedisConnection::reply() {
  void* got = nullptr;
  if (redisGetReply(context_, &got) != REDIS_OK) broken(context_);
  RedisReply reply(static_cast<redisReply*>(got));
  if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error(std::string("redis: ") + reply->str);
  return reply;
}

RedisReply RedisConnection::call(const std::vector<std::string_view>& words) {
  add(words);
  return reply();
}

std::string RedisConnection::text(const std::vector<std::string_view>& words) {
  const RedisReply reply = call(words);
  return {reply->str, reply->len};
}

long long RedisConnection::number(const std::vector<std::string_view>& words) { return call(words)->integer; }

double RedisConnection::info(const char* section, const std::string& key, const std::string& field) {
  const std::string all = "\n" + text({"INFO", section});
  std::size_t at = all.find("\n" + key + ":");
  if (at == std::string::npos) return 0;
  at += key.size() + 2;
  if (!field.empty()) at = all.find(field + "=", at) + field.size() + 1;
  return std::strtod(all.c_str() + at, nullptr);
}

double RedisConnection::server_cpu() const {
  timespec used{};
  clock_gettime(server_clock_, &used);
  return double(used.tv_sec) + double(used.tv_nsec) / 1e9;
}

bool RedisConnection::next_line(std::string& line, std::size_t wait_ms) {
  for (;;) {
    void* got = nullptr;
    if (redisGetReplyFromReader(context_, &got) != REDIS_OK) broken(context_);
    if (const RedisReply reply(static_cast<redisReply*>(got)); reply) {
      line.assign(reply->str, reply->len);
      return true;
    }
    pollfd ready{context_->fd, POLLIN, 0};
    if (poll(&ready, 1, static_cast<int>(wait_ms)) <= 0) return false;
    if (redisBufferRead(context_) != REDIS_OK) broken(context_);
  }
}

std::string redis_version() {
  const std::string said = testing::run({"redis-server", "--version"});  // "Redis server v=7.0.15 sha=..."
  const std::size_t at = said.find("v=");
  return at == said.npos ? said : said.substr(at + 2, said.find(' ', at) - at - 2);
}

}  // namespace penstock::bench
