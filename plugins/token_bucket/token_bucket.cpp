// The limiter `token_bucket`: one bucket for each rule of the config, in this process.
#include <map>
#include <memory>
#include <mutant.hpp>
#include <mutex>
#include <time.h>

#include <penstock/plugin/limiter.hpp>
#include <penstock/plugin/plugin.hpp>

#include "../shared/rate_rules.hpp"
#include "bucket.hpp"

namespace penstock::token_bucket {
namespace {

constexpr auto kSettings =
    shared::rate_settings("How many tasks may start, in the whole process; `0/s`: as many as the other rules let.");

using Nanos = Bucket::Nanos;

// A bucket that is reachable only through its lock.
class Shared {
 public:
  explicit Shared(Bucket bucket) : bucket_(bucket) {}

  Grant acquire(Nanos now, std::uint32_t count) {
    std::lock_guard lock(mutex_);
    Grant out{.granted = bucket_.take(now, count)};
    if (out.granted < count) out.retry_in = bucket_.next_in(now);
    return out;
  }
  void refund(Nanos now, std::uint32_t count) {
    std::lock_guard lock(mutex_);
    bucket_.refund(now, count);
  }

 private:
  std::mutex mutex_;
  Bucket bucket_;
};

class TokenBucket final : public Limiter {
 public:
  explicit TokenBucket(TimeSource* time) : time_(time) {}

  static Result<std::unique_ptr<Limiter>> open(Host& host, const Settings& settings) {
    const Result<shared::Rules> rules = shared::read_rules(settings);
    if (!rules) return rules.error();
    auto out = std::make_unique<TokenBucket>(static_cast<TimeSource*>(host.query(TimeSource::kId)));
    for (const auto& [key, rule] : *rules) out->add(key, rule);
    return std::unique_ptr<Limiter>(std::move(out));
  }

  Result<Grant> acquire(std::string_view key, std::uint32_t count) noexcept override {
    auto at = buckets_.find(key);
    if (at == buckets_.end()) return Grant{.granted = count};
    return at->second.acquire(now(), count);
  }
  void refund(std::string_view key, std::uint32_t count) noexcept override {
    auto at = buckets_.find(key);
    if (at != buckets_.end() && !mutant("token_bucket.refund.lost")) at->second.refund(now(), count);
  }

 private:
  void add(const std::string& key, const shared::Rule& rule) {
    buckets_.try_emplace(key, Bucket(rule.per_second, rule.burst, now()));
  }
  Nanos now() const {
    if (time_) return time_->boot();
    timespec t{};
    clock_gettime(CLOCK_BOOTTIME, &t);
    return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
  }

  TimeSource* time_;
  std::map<std::string, Shared, std::less<>> buckets_;  // not changed after open
};

}  // namespace
}  // namespace penstock::token_bucket

PENSTOCK_PLUGIN(token_bucket, "0.1.0", "MIT",
                penstock::component<penstock::Limiter, penstock::token_bucket::TokenBucket>(
                    "token_bucket", "Rates of the process, of queues and of handlers, kept in this process.",
                    penstock::token_bucket::kSettings.rows));
