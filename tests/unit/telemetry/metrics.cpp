// Histograms, and the text that Prometheus reads.
#include <catch2/catch.hpp>
#include <numeric>
#include <sstream>
#include <string>

#include <penstock/metrics.hpp>

using namespace penstock;
using namespace std::chrono_literals;

TEST_CASE("a histogram counts each value in the bucket below whose bound it lies") {
  Histogram h;
  for (auto value : {0ns, 999ns, 1000ns, 1999ns, 2000ns}) h.add(value);
  CHECK(h.buckets[0] == 2);  // below 1 microsecond
  CHECK(h.buckets[1] == 2);  // below 2
  CHECK(h.buckets[2] == 1);
  CHECK(h.count == 5);
  CHECK(h.total == 5998ns);
  CHECK(h.max == 2000ns);
}

TEST_CASE("no value is too large or too small for a histogram") {
  Histogram h;
  h.add(std::chrono::nanoseconds::max());
  h.add(std::chrono::hours(24 * 365));
  h.add(-5s);
  CHECK(h.total == std::chrono::nanoseconds::max());
  CHECK(h.buckets[Histogram::kBuckets - 1] == 2);
  CHECK(h.buckets[0] == 1);
  CHECK(std::accumulate(h.buckets.begin(), h.buckets.end(), std::uint64_t{0}) == h.count);
}

TEST_CASE("the text has every counter with its labels, and histograms that add up") {
  Metrics m;
  Counters c;
  c.scheduled = 7, c.completed = 5, c.running = 1;
  c.latency.add(1500ns);
  c.latency.add(10h);
  m.by_queue["mail"] = c;
  m.by_handler["send"] = c;
  m.stuck_threads = 2;
  m.backend_calls = {{"exchange", c.latency, {{Errc::unavailable, 3}, {Errc::unknown_outcome, 1}}}, {"get", {}, {}}};
  const std::string text = to_prometheus(m);
  for (const char* line :
       {"# TYPE penstock_tasks_completed_total counter\n", "penstock_tasks_completed_total{queue=\"mail\"} 5\n",
        "penstock_handler_tasks_scheduled_total{handler=\"send\"} 7\n", "penstock_tasks_running{queue=\"mail\"} 1\n",
        "penstock_task_latency_seconds_bucket{queue=\"mail\",le=\"1e-06\"} 0\n",
        "penstock_task_latency_seconds_bucket{queue=\"mail\",le=\"2e-06\"} 1\n",
        "penstock_task_latency_seconds_bucket{queue=\"mail\",le=\"+Inf\"} 2\n",
        "penstock_task_latency_seconds_count{queue=\"mail\"} 2\n", "penstock_stuck_threads 2\n",
        "# TYPE penstock_backend_call_seconds histogram\n",
        "penstock_backend_call_seconds_bucket{call=\"exchange\",le=\"2e-06\"} 1\n",
        "penstock_backend_call_seconds_count{call=\"exchange\"} 2\n",
        "penstock_backend_call_seconds_count{call=\"get\"} 0\n",
        "penstock_backend_errors_total{call=\"exchange\",code=\"unavailable\"} 3\n",
        "penstock_backend_errors_total{call=\"exchange\",code=\"unknown_outcome\"} 1\n"}) {
    CAPTURE(line);
    CHECK(text.find(line) != std::string::npos);
  }
}

TEST_CASE("label values cannot break out of their quotes or their line") {
  Metrics m;
  m.by_queue["a\"} 1\nevil{x=\"\\"] = {};
  m.backend_calls = {{"a\"} 1\nevil{x=\"\\", {}, {{Errc::invalid, 1}}}};
  std::istringstream lines(to_prometheus(m));
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK((line.rfind("# TYPE penstock_", 0) == 0 || line.rfind("penstock_", 0) == 0));
  }
  CHECK(to_prometheus(m).find("{queue=\"a\\\"} 1\\nevil{x=\\\"\\\\\"}") != std::string::npos);
}
