#include "limiter.hpp"

#include <map>
#include <memory>
#include <mutant.hpp>
#include <string>

#include <penstock/plugin/rate.hpp>

#include "client.hpp"
#include "texts.hpp"

namespace penstock::redis {
namespace {

class Buckets final : public Limiter {
 public:
  Buckets(Options options, Millis timeout, TimeSource* time)
      : timeout_(timeout), time_(time), script_(script_text(text::kTokens)), client_(std::move(options)) {}

  void add(const std::string& prefix, const std::string& key, const shared::Rule& rule) {
    rules_[key] = {"{" + prefix + ":tokens:" + key + "}",
                   std::to_string(TokenRate(rule.per_second, rule.burst).interval()), std::to_string(rule.burst)};
  }
  // The server is there, and lets us do it.
  Result<void> look() {
    auto answer = run(rules_.begin()->second, 0);
    if (!answer) return answer.error();
    return {};
  }

  Result<Grant> acquire(std::string_view key, std::uint32_t count) noexcept override {
    return guard([&]() -> Result<Grant> {
      const auto at = rules_.find(key);
      if (at == rules_.end() || count == 0) return Grant{.granted = count};
      const auto answer = run(at->second, count);
      if (!answer) return answer.error();
      Grant out{.granted = static_cast<std::uint32_t>((*answer)[0].integer())};
      if (out.granted < count) out.retry_in = Millis((*answer)[1].integer());
      return out;
    });
  }
  // What cannot be given back comes by itself.
  void refund(std::string_view key, std::uint32_t count) noexcept override {
    (void)guard([&]() -> Result<void> {
      const auto at = rules_.find(key);
      if (at != rules_.end() && count > 0) (void)run(at->second, -std::int64_t{count});
      return {};
    });
  }

 private:
  struct Rule {
    std::string key, interval, burst;
  };

  // Never sent twice: tokens would be taken twice, or come back twice.
  Result<Reply> run(const Rule& rule, std::int64_t count) {
    const std::string number = std::to_string(count),
                      clock = time_ ? std::to_string(std::chrono::microseconds(time_->boot()).count()) : "";
    const std::string_view keys[] = {rule.key}, words[] = {rule.interval, rule.burst, number, clock};
    Call call;
    call.script = &script_;
    call.keys = keys;
    call.args = words;
    return client_.call(call, Clock::now() + timeout_);
  }

  const Millis timeout_;
  TimeSource* const time_;
  const Script script_;
  std::map<std::string, Rule, std::less<>> rules_;  // not changed after open
  Client client_;
};

}  // namespace

Result<std::unique_ptr<Limiter>> SharedLimiter::open(Host& host, const Settings& s) {
  const auto rules = shared::read_rules(s);
  if (!rules) return rules.error();
  auto options = client_options(s);
  if (!options) return options.error();
  const auto prefix = key_prefix(s);
  if (!prefix) return prefix.error();
  auto made = std::make_unique<Buckets>(std::move(*options), s.duration("timeout"), lent_clock(host, s));
  for (const auto& [key, rule] : *rules) made->add(*prefix, key, rule);
  if (auto there = made->look(); !there) return there.error();
  return std::unique_ptr<Limiter>(std::move(made));
}

}  // namespace penstock::redis
