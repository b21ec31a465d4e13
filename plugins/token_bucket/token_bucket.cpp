// The limiter `token_bucket`: one bucket for each rule of the config, in this process.
#include <cmath>
#include <map>
#include <memory>
#include <mutex>
#include <time.h>

#include <penstock/plugin/limiter.hpp>
#include <penstock/plugin/plugin.hpp>

#include "bucket.hpp"
#include "rules.hpp"

namespace penstock::token_bucket {
namespace {

constexpr Setting kSettings[] = {
    {.key = "rate",
     .kind = Kind::rate,
     .fallback = "0/s",
     .doc = "How many tasks may start, in the whole process; `0/s`: as many as the other rules let.",
     .min = 0},
    {.key = "burst",
     .kind = Kind::integer,
     .fallback = "0",
     .doc = "How many may start at once after a pause, under `rate`; 0: as many as in one second, at least 1.",
     .min = 0,
     .max = kMostBurst},
    {.key = "queues",
     .kind = Kind::list,
     .fallback = "",
     .doc = "Rates of single queues, each `\"NAME=RATE\"` or `\"NAME=RATE burst N\"`."},
    {.key = "handlers", .kind = Kind::list, .fallback = "", .doc = "Rates of single kinds, written in the same way."},
};

// A bucket that is reachable only through its lock.
class Shared {
 public:
  explicit Shared(Bucket bucket) : bucket_(bucket) {}

  Grant acquire(Millis now, std::uint32_t count) {
    std::lock_guard lock(mutex_);
    Grant out{.granted = bucket_.take(now, count)};
    if (out.granted < count) out.retry_in = bucket_.next_in(now);
    return out;
  }
  void refund(Millis now, std::uint32_t count) {
    std::lock_guard lock(mutex_);
    bucket_.refund(now, count);
  }

 private:
  std::mutex mutex_;
  Bucket bucket_;
};

std::uint64_t one_second_of(double rate) { return static_cast<std::uint64_t>(std::fmax(1, std::ceil(rate))); }

class TokenBucket final : public Limiter {
 public:
  explicit TokenBucket(TimeSource* time) : time_(time) {}

  static Result<std::unique_ptr<Limiter>> open(Host& host, const Settings& settings) {
    Rules rules;
    Result<void> added = add_rules("queues", settings.list("queues"), "queue:", rules);
    if (added) added = add_rules("handlers", settings.list("handlers"), "handler:", rules);
    if (!added) return added.error();
    if (double rate = settings.number("rate"); rate > 0) {
      rules["process"] = {rate, static_cast<std::uint64_t>(settings.integer("burst"))};
    } else if (settings.integer("burst") > 0) {
      return Error{Errc::invalid, "burst: it needs a `rate`"};
    }
    if (rules.empty()) return Error{Errc::invalid, "rate: a rate, or a rule for a queue or a handler, is needed"};
    auto out = std::make_unique<TokenBucket>(static_cast<TimeSource*>(host.query(TimeSource::kId)));
    for (const auto& [key, rule] : rules) out->add(key, rule);
    return std::unique_ptr<Limiter>(std::move(out));
  }

  Result<Grant> acquire(std::string_view key, std::uint32_t count) noexcept override {
    auto at = buckets_.find(key);
    if (at == buckets_.end()) return Grant{.granted = count};
    return at->second.acquire(now(), count);
  }
  void refund(std::string_view key, std::uint32_t count) noexcept override {
    auto at = buckets_.find(key);
    if (at != buckets_.end()) at->second.refund(now(), count);
  }

 private:
  void add(const std::string& key, const Rule& rule) {
    std::uint64_t burst = rule.burst ? rule.burst : one_second_of(rule.per_second);
    buckets_.try_emplace(key, Bucket(rule.per_second, burst, now()));
  }
  Millis now() const {
    if (time_) return time_->boot();
    timespec t{};
    clock_gettime(CLOCK_BOOTTIME, &t);
    return std::chrono::duration_cast<Millis>(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
  }

  TimeSource* time_;
  std::map<std::string, Shared, std::less<>> buckets_;  // not changed after open
};

}  // namespace
}  // namespace penstock::token_bucket

PENSTOCK_PLUGIN(token_bucket, "0.1.0", "MIT",
                penstock::component<penstock::Limiter, penstock::token_bucket::TokenBucket>(
                    "token_bucket", "Rates of the process, of queues and of handlers, kept in this process.",
                    penstock::token_bucket::kSettings));
