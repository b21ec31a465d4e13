#include "bench/ceilings/raw_jobs.hpp"

#include <algorithm>
#include <hiredis/hiredis.h>

#include "bench/lib/clock.hpp"

namespace penstock::bench {
namespace {

// KEYS: waiting. ARGV: what job keys begin with; id, score and body of each.
constexpr const char* kFill =
    "for i = 2, #ARGV, 3 do"
    "  redis.call('hset', ARGV[1] .. ARGV[i], 'body', ARGV[i + 2], 'attempts', 0)"
    "  redis.call('zadd', KEYS[1], ARGV[i + 1], ARGV[i]) "
    "end";

// KEYS: waiting, leased. ARGV: what job keys begin with, how many to lease, until when; ids of those that have ended.
constexpr const char* kWork =
    "for i = 4, #ARGV do"
    "  redis.call('zrem', KEYS[2], ARGV[i])"
    "  redis.call('del', ARGV[1] .. ARGV[i]) "
    "end "
    "local popped, out = redis.call('zpopmin', KEYS[1], ARGV[2]), {} "
    "for i = 1, #popped, 2 do"
    "  redis.call('zadd', KEYS[2], ARGV[3], popped[i])"
    "  out[i], out[i + 1] = popped[i], redis.call('hget', ARGV[1] .. popped[i], 'body') "
    "end "
    "return out";

constexpr const char* kUntil = "99999999999";

// Sends `calls` of them, with at most so many in flight; half of these are answered before more are sent, so that
// both sides always have something to do.
template <class Send, class Got>
void pipeline(RedisConnection& redis, std::size_t calls, std::size_t in_flight, Send send, Got got) {
  std::size_t sent = 0, answered = 0;
  const auto more = [&](std::size_t most) {
    for (; most > 0 && sent < calls; --most, ++sent) send();
    redis.flush();
  };
  more(in_flight);
  while (answered < calls) {
    const std::size_t part = std::min(std::max<std::size_t>(1, in_flight / 2), calls - answered);
    for (std::size_t i = 0; i < part; ++i) got(*redis.reply());
    answered += part;
    more(part);
  }
}

}  // namespace

RawJobs::RawJobs(const std::string& socket, const std::string& prefix, Shape shape)
    : redis_(socket),
      ready_(prefix + "ready"),
      active_(prefix + "active"),
      job_(prefix + "job:"),
      jobs_(std::to_string(shape.jobs)),
      shape_(shape),
      fill_(load(kFill)),
      work_(load(kWork)) {}

void RawJobs::send_fill(std::size_t count, const std::string& body) {
  std::vector<std::string> texts(2 * count);
  std::vector<std::string_view> words{"EVALSHA", fill_, "1", ready_, job_};
  for (std::size_t i = 0; i < count; ++i) {
    texts[2 * i] = std::to_string(next_);
    texts[2 * i + 1] = std::to_string(next_++ / shape_.jobs);
    words.insert(words.end(), {texts[2 * i], texts[2 * i + 1], body});
  }
  redis_.add(words);
}

void RawJobs::fill(std::size_t count, const std::string& body) {
  std::size_t left = count;
  const auto send = [&] {
    const std::size_t n = std::min(shape_.jobs, left);
    send_fill(n, body);
    left -= n;
  };
  pipeline(redis_, (count + shape_.jobs - 1) / shape_.jobs, shape_.calls, send, [](const redisReply&) {});
}

std::size_t RawJobs::send_work() {
  const std::size_t ended = std::min(shape_.jobs, held_.size());
  std::vector<std::string_view> words{"EVALSHA", work_, "2", ready_, active_, job_, jobs_, kUntil};
  words.insert(words.end(), held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(ended));
  redis_.add(words);
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(ended));
  return ended;
}

std::size_t RawJobs::take(const redisReply& reply) {
  for (std::size_t i = 0; i < reply.elements; i += 2) held_.emplace_back(reply.element[i]->str, reply.element[i]->len);
  return reply.elements / 2;
}

std::size_t RawJobs::work() {
  const auto waiting = static_cast<std::size_t>(redis_.number({"ZCARD", ready_}));
  std::size_t ended = 0;
  pipeline(
      redis_, (waiting + shape_.jobs - 1) / shape_.jobs, shape_.calls, [&] { ended += send_work(); },
      [&](const redisReply& reply) { take(reply); });
  while (!held_.empty()) {
    ended += send_work();
    take(*redis_.reply());
  }
  return ended;
}

double RawJobs::step() {
  const double before = redis_.server_cpu();
  send_work();
  take(*redis_.reply());
  return redis_.server_cpu() - before;
}

std::size_t RawJobs::left() {
  return static_cast<std::size_t>(redis_.number({"ZCARD", ready_}) + redis_.number({"ZCARD", active_}));
}

Series RawJobs::life(const std::string& socket, std::size_t count, const std::string& body) {
  RawJobs jobs(socket, "", kFused);
  jobs.redis_.call({"FLUSHALL"});
  const double server_cpu = jobs.redis_.server_cpu();
  const Stopwatch watch;
  jobs.fill(count, body);
  const std::size_t ended = jobs.work();
  const double seconds = watch.seconds(), cpu = watch.cpu(), per = 1e4 / double(count);
  Series out{double(count) / seconds, cpu * per, (jobs.redis_.server_cpu() - server_cpu) * per};
  if (ended != count || jobs.left() != 0) throw std::runtime_error("ceiling: jobs are left");
  return out;
}

}  // namespace penstock::bench
