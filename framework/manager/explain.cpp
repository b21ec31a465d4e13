// How tasks of a kind are treated, and who says so.
#include <algorithm>
#include <array>

#include <penstock/explain.hpp>

#include "config/text.hpp"
#include "config/units.hpp"
#include "manager/impl.hpp"

namespace penstock {

const char* name(SaidBy by) noexcept {
  return by == SaidBy::type ? "the type" : by == SaidBy::config ? "the config" : "the default";
}

namespace impl {
namespace {

std::string words(const std::string& value) { return value; }
std::string words(std::int64_t value) { return std::to_string(value); }
std::string words(bool value) { return value ? "true" : "false"; }
std::string words(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%g", value);
  return text.data();
}
std::string words(Millis value) {
  if (value == Millis(0)) return "0s";
  return value == kKeepForever ? "forever" : config::format_duration(value);
}
std::string words(IfTaken value) {
  return value == IfTaken::keep ? "keep" : value == IfTaken::replace ? "replace" : "reject";
}
std::string words(Unique value) { return value == Unique::waiting ? "waiting" : "live"; }

// What the type, the options and the defaults say, the first of them that says something.
class Sayings {
 public:
  explicit Sayings(const Options& options) : options_(options) {}

  // `key`: of the config file, where it has one for this.
  template <class T>
  void add(const char* name, const std::optional<T>& type, const T& here, const T& fallback, const char* key = "") {
    Explained& e = all.emplace_back();
    e.name = name;
    e.value = words(type ? *type : here);
    const auto line = options_.lines.find(key);
    if (type) {
      e.by = SaidBy::type;
    } else if (line != options_.lines.end()) {
      e.by = SaidBy::config;
      e.place = options_.file + ":" + std::to_string(line->second);
    } else if (here != fallback) {
      e.by = SaidBy::config;
    }
  }
  // Of things that a config says nothing about.
  template <class T>
  void add(const char* name, const std::optional<T>& type, const T& fallback) {
    add(name, type, fallback, fallback);
  }

  std::vector<Explained> all;

 private:
  const Options& options_;
};

template <class T>
std::optional<std::int64_t> unless(T nothing, T value) {
  return value == nothing ? std::nullopt : std::optional<std::int64_t>(value);
}

std::optional<std::int64_t> number(const std::optional<std::uint32_t>& value) {
  return value ? std::optional<std::int64_t>(*value) : std::nullopt;
}

std::vector<Explained> settings_of(const Policy& p, const Options& o) {
  const Options defaults;
  Sayings said(o);
  const auto queue = p.queue.empty() ? std::nullopt : std::optional(std::string(p.queue));
  said.add("queue", queue, std::string("default"));
  said.add("priority", unless(0, p.priority), std::int64_t{0});
  said.add("weight", unless(std::uint16_t{1}, p.weight), std::int64_t{1});
  said.add("retries", number(p.retries), std::int64_t{o.retry.retries}, std::int64_t{defaults.retry.retries},
           "worker.retries");
  said.add("backoff", p.backoff, o.retry.backoff, defaults.retry.backoff, "worker.backoff");
  said.add("backoff_cap", p.backoff_cap, o.retry.cap, defaults.retry.cap, "worker.backoff_cap");
  said.add("jitter", p.jitter, o.retry.jitter, defaults.retry.jitter, "worker.jitter");
  said.add("timeout", p.timeout, o.timeout, defaults.timeout, "worker.timeout");
  said.add("keep_result", p.keep_result, o.result_age, defaults.result_age, "results.age");
  said.add("if_taken", p.if_taken, IfTaken::reject);
  said.add("unique_while", p.unique_while, Unique::live);
  said.add("unique_for", p.unique_for, Millis(0));
  said.add("retry_budget", p.retry_budget, o.retry_budget, defaults.retry_budget, "worker.retry_budget");
  return std::move(said.all);
}

}  // namespace

Explanation Manager::explain(std::string_view kind) {
  const auto handler = handlers_.find(kind);
  if (handler == handlers_.end()) {
    std::vector<std::string_view> known;
    for (const auto& [name, record] : handlers_) known.push_back(name);
    throw Exception(
        Error{Errc::not_found, "no handler here for kind " + config::quoted(kind) + config::suggestion(kind, known)});
  }
  const Policy& policy = handler->second->policy;
  Explanation out;
  out.kind = policy.kind;
  out.settings = settings_of(policy, options_);
  out.queue = out.settings.front().value;
  if (!gates_) return out;
  out.limits = value_or_throw(gates_->gates({}));
  std::erase_if(*out.limits, [&](const GateState& g) { return g.queue != out.queue && g.queue != "*"; });
  return out;
}

}  // namespace impl
}  // namespace penstock
