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
    {.key = "rate", .kind = Kind::rate, .fallback = nullptr, .doc = "How many tasks may start, in the whole process."},
    {.key = "burst",
     .kind = Kind::integer,
     .fallback = "0",
     .doc = "How many may start at once after a pause, under `rate`; 0: as many as in one second, at least 1.",
     .min = 0,
     .max = 1'000'000'000},
    {.key = "queues", .kind = Kind::list, .fallback = "", .doc = "Rates of single queues, each `\"NAME=RATE\"`."},
    {.key = "handlers", .kind = Kind::list, .fallback = "", .doc = "Rates of single kinds, each `\"KIND=RATE\"`."},
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
    double rate = settings.number("rate");
    if (rate <= 0) return Error{Errc::invalid, "rate: expected a rate above 0"};
    std::map<std::string, double, std::less<>> rules;
    Result<void> added = add_rules("queues", settings.list("queues"), "queue:", rules);
    if (added) added = add_rules("handlers", settings.list("handlers"), "handler:", rules);
    if (!added) return added.error();

    auto out = std::make_unique<TokenBucket>(static_cast<TimeSource*>(host.query(TimeSource::kId)));
    auto burst = static_cast<std::uint64_t>(settings.integer("burst"));
    out->add("", rate, burst ? burst : one_second_of(rate));
    for (const auto& [key, per_second] : rules) out->add(key, per_second, one_second_of(per_second));
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
  void add(const std::string& key, double rate, std::uint64_t burst) {
    buckets_.try_emplace(key, Bucket(rate, burst, now()));
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
