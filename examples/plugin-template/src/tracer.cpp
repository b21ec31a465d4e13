// A tracer that writes a line to the host's log for every span that took long.
//
// The contract is in <penstock/plugin/tracer.hpp>. Contexts are W3C traceparents (w3.org/TR/trace-context): a span
// is of its parent's trace, and hands its own id on.
#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>
#include <random>
#include <string>

#include <penstock/plugin/plugin.hpp>
#include <penstock/plugin/time.hpp>
#include <penstock/plugin/tracer.hpp>

namespace {

using namespace penstock;
using Clock = std::chrono::steady_clock;

constexpr Setting kSettings[] = {
    {.key = "threshold", .kind = Kind::duration, .fallback = "1s", .doc = "Shorter spans are not logged."},
};

struct Span {
  std::string name, trace, id;
  Clock::time_point start;
};

// The trace of a sound traceparent; empty for any other text.
std::string trace_of(std::string_view parent) {
  constexpr const char* kDigits = "0123456789abcdef";
  if (parent.size() != 55 || parent.substr(0, 3) != "00-" || parent[35] != '-' || parent[52] != '-') return {};
  const std::string_view trace = parent.substr(3, 32);
  const bool sound = trace.find_first_not_of(kDigits) == trace.npos && trace.find_first_not_of('0') != trace.npos;
  return sound ? std::string(trace) : std::string();
}

class SlowSpans final : public Tracer {
 public:
  SlowSpans(Host& host, Millis threshold) : host_(host), threshold_(threshold) {}

  static Result<std::unique_ptr<Tracer>> open(Host& host, const Settings& settings) {
    return std::unique_ptr<Tracer>(std::make_unique<SlowSpans>(host, settings.duration("threshold")));
  }

  std::uint64_t start(const SpanStart& s) noexcept override {
    const std::scoped_lock lock(mutex_);
    std::string trace = trace_of(s.parent);
    if (trace.empty()) trace = word() + word();
    spans_[++last_] = {std::string(s.name) + " " + std::string(s.kind), trace, word(), Clock::now()};
    return last_;
  }

  void end(std::uint64_t number, const SpanEnd& e) noexcept override {
    Span span;
    {
      const std::scoped_lock lock(mutex_);
      auto ended = spans_.extract(number);
      if (ended.empty()) return;  // 0, or one that ended before
      span = std::move(ended.mapped());
    }
    const auto took = std::chrono::duration_cast<Millis>(Clock::now() - span.start);
    if (took < threshold_) return;
    host_.log(Level::info, span.name + " took " + std::to_string(took.count()) + " ms: " + std::string(e.outcome));
  }

  std::string inject(std::uint64_t number) noexcept override {
    const std::scoped_lock lock(mutex_);
    auto span = spans_.find(number);
    return span == spans_.end() ? "" : "00-" + span->second.trace + "-" + span->second.id + "-01";
  }

 private:
  std::string word() {  // 16 hex digits, not all of them 0
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(random_() | 1));
    return text;
  }

  Host& host_;
  const Millis threshold_;
  std::mutex mutex_;
  std::mt19937_64 random_{std::random_device{}()};
  std::map<std::uint64_t, Span> spans_;
  std::uint64_t last_ = 0;
};

}  // namespace

PENSTOCK_PLUGIN(acme, "0.1.0", "MIT", component<Tracer, SlowSpans>("acme", "Logs spans that take long.", kSettings));
