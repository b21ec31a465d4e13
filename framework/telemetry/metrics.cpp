#include <fmt/format.h>
#include <iterator>

#include <penstock/metrics.hpp>

namespace penstock {

namespace {

using Out = std::back_insert_iterator<std::string>;

double seconds(std::chrono::nanoseconds t) { return std::chrono::duration<double>(t).count(); }

// Label values may hold anything: backslash, quote and newline are escaped (Prometheus text format).
std::string label(const char* name, const std::string& value) {
  std::string out = std::string("{") + name + "=\"";
  for (char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "\"}";
}

struct Family {
  const char* name;
  const char* type;
  std::uint64_t Counters::*value;
};
constexpr Family kFamilies[] = {
    {"tasks_scheduled_total", "counter", &Counters::scheduled},
    {"tasks_completed_total", "counter", &Counters::completed},
    {"tasks_failed_total", "counter", &Counters::failed},
    {"tasks_cancelled_total", "counter", &Counters::cancelled},
    {"tasks_retried_total", "counter", &Counters::retried},
    {"tasks_snoozed_total", "counter", &Counters::snoozed},
    {"tasks_put_off_total", "counter", &Counters::put_off},
    {"tasks_timed_out_total", "counter", &Counters::timed_out},
    {"tasks_lost_total", "counter", &Counters::lost},
    {"tasks_running", "gauge", &Counters::running},
};

void histogram(Out out, const char* name, const std::string& labels, const Histogram& h) {
  std::string open = labels.substr(0, labels.size() - 1);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i + 1 < Histogram::kBuckets; ++i) {
    sum += h.buckets[i];
    fmt::format_to(out, "penstock_{}_bucket{},le=\"{}\"}} {}\n", name, open, double(std::uint64_t{1} << i) / 1e6, sum);
  }
  fmt::format_to(out, "penstock_{}_bucket{},le=\"+Inf\"}} {}\n", name, open, h.count);
  fmt::format_to(out, "penstock_{}_sum{} {}\npenstock_{}_count{} {}\n", name, labels, seconds(h.total), name, labels,
                 h.count);
}

}  // namespace

std::string to_prometheus(const Metrics& m) {
  std::string text;
  Out out(text);
  for (const Family& f : kFamilies) {
    fmt::format_to(out, "# TYPE penstock_{} {}\n", f.name, f.type);
    for (const auto& [queue, c] : m.by_queue) {
      fmt::format_to(out, "penstock_{}{} {}\n", f.name, label("queue", queue), c.*f.value);
    }
    if (!m.by_handler.empty()) fmt::format_to(out, "# TYPE penstock_handler_{} {}\n", f.name, f.type);
    for (const auto& [handler, c] : m.by_handler) {
      fmt::format_to(out, "penstock_handler_{}{} {}\n", f.name, label("handler", handler), c.*f.value);
    }
  }
  fmt::format_to(out, "# TYPE penstock_task_latency_seconds histogram\n");
  for (const auto& [queue, c] : m.by_queue) histogram(out, "task_latency_seconds", label("queue", queue), c.latency);
  fmt::format_to(out, "# TYPE penstock_task_wait_seconds histogram\n");
  for (const auto& [queue, c] : m.by_queue) histogram(out, "task_wait_seconds", label("queue", queue), c.wait);
  if (!m.backend_calls.empty()) {
    fmt::format_to(out, "# TYPE penstock_backend_call_seconds histogram\n");
    for (const CallStats& c : m.backend_calls) histogram(out, "backend_call_seconds", label("call", c.call), c.latency);
    fmt::format_to(out, "# TYPE penstock_backend_errors_total counter\n");
    for (const CallStats& c : m.backend_calls) {
      std::string open = label("call", c.call);
      open.pop_back();
      for (const auto& [code, count] : c.errors) {
        fmt::format_to(out, "penstock_backend_errors_total{},code=\"{}\"}} {}\n", open, name(code), count);
      }
    }
  }
  auto one = [&](const char* name, const char* type, auto value) {
    fmt::format_to(out, "# TYPE penstock_{} {}\npenstock_{} {}\n", name, type, name, value);
  };
  one("queue_depth", "gauge", m.queue_depth);
  one("results_dropped_total", "counter", m.results_dropped);
  one("stuck_threads", "gauge", m.stuck_threads);
  one("exchanges_total", "counter", m.exchanges);
  one("exchange_errors_total", "counter", m.exchange_errors);
  one("polls_total", "counter", m.polls);
  one("leases_held", "gauge", m.leases_held);
  one("last_exchange_age_seconds", "gauge", double(m.last_exchange_age.count()) / 1e3);
  return text;
}

}  // namespace penstock
