// Limits, holds and dates as the commands print them.
#include "cli/flow_words.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "config/units.hpp"

using namespace penstock;
using namespace std::chrono_literals;

namespace {

GateState gate(std::string name) {
  GateState g;
  g.queue = "jobs";
  g.gate = std::move(name);
  return g;
}

std::string in_force(const std::vector<GateState>& gates, std::string_view name) {
  return cli::words(cli::in_force(gates, "jobs", name));
}

std::string held(Millis time) {
  GateState g = gate("");
  g.held = time;
  return cli::held_words(&g);
}

}  // namespace

TEST_CASE("the limit in force is the first of four that is there") {
  GateState own = gate("tenant:acme"), all = gate("tenant");
  CHECK(in_force({own, all}, "tenant:acme") == "none");
  all.declared = Limit{.running = 4};
  CHECK(in_force({own, all}, "tenant:acme") == "4 running (declared, for tenant)");
  all.by_operator = Limit{.running = 3};
  CHECK(in_force({own, all}, "tenant:acme") == "3 running (operator, for tenant)");
  own.declared = Limit{.running = 2};
  CHECK(in_force({own, all}, "tenant:acme") == "2 running (declared)");
  own.by_operator = Limit{.running = 1};
  CHECK(in_force({own, all}, "tenant:acme") == "1 running (operator)");
  CHECK(in_force({own, all}, "tenant") == "3 running (operator)");
  CHECK(in_force({own, all}, "tenant:bolt") == "3 running (operator, for tenant)");
  CHECK(in_force({own, all}, "other") == "none");
  all.queue = "others";
  CHECK(in_force({all}, "tenant:acme") == "none");
}

TEST_CASE("a queue's own limit is no class") {
  GateState own = gate("");
  own.declared = Limit{.running = 2};
  CHECK(in_force({own}, "") == "2 running (declared)");
  CHECK(in_force({own}, ":x") == "none");
}

TEST_CASE("limits in words") {
  CHECK(cli::words(Limit{}) == "none");
  CHECK(cli::words(Limit{.running = 0}) == "0 running");
  CHECK(cli::words(Limit{.per_second = 2.5}) == "2.5/s");
  CHECK(cli::words(Limit{.running = 2, .per_second = 100, .burst = 20}) == "2 running, 100/s, burst 20");
  GateState open = gate("tenant:acme"), all = gate("tenant");
  open.by_operator = Limit{};
  all.declared = Limit{.running = 1};
  CHECK(in_force({open, all}, "tenant:acme") == "none (operator)");
}

TEST_CASE("a rate is read back as it was written") {
  for (const char* text : {"100/s", "2.5/s", "30/m", "1/m", "7/m", "10/h", "1/h", "59/h", "1000000/s"}) {
    CHECK(config::format_rate(*config::parse_rate(text)) == text);
  }
}

TEST_CASE("what is left of a hold is never said shorter than it is") {
  CHECK(cli::held_words(nullptr) == "not held");
  GateState open = gate("");
  CHECK(cli::held_words(&open) == "not held");
  CHECK(held(kHoldForever) == "held until resumed");
  CHECK(held(1ms) == "held for 1ms");
  CHECK(held(10s) == "held for 10s");
  CHECK(held(299'001ms) == "held for 5m");
  CHECK(held(59min + 1ms) == "held for 1h");
}

TEST_CASE("gates of any octets are one line each") {
  GateState odd = gate("tenant:\n\x1b[2J\xff");
  odd.declared = Limit{.running = 1};
  odd.leased = 1;
  odd.waiting = 7;
  const std::string text = cli::table(std::vector{odd, gate("")});
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
  CHECK_THAT(text, Catch::Contains("tenant:\\x0a\\x1b[2J\\xff") && Catch::Contains("1 running") &&
                       Catch::Contains(" declared ") && Catch::Contains(" 7 "));
  CHECK(cli::table({}) == "no limits and no holds are set\n");
}

TEST_CASE("dates are UTC, and any number of milliseconds is some date or none") {
  CHECK(cli::date_words(Time(Millis(1'709'373'605'999))) == "2024-03-02T10:00:05Z");
  CHECK(cli::date_words(Time(Millis(-1))) == "1969-12-31T23:59:59Z");
  CHECK_FALSE(cli::date_words(Time::max()).empty());
  CHECK_FALSE(cli::date_words(Time::min()).empty());
}
