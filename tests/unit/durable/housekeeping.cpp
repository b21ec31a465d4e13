// Which queues are looked after, and how often.
#include "durable/housekeeping.hpp"

#include <catch2/catch.hpp>

using namespace penstock;
using namespace std::chrono_literals;
using durable::Housekeeping;

namespace {

const Housekeeping::Instant start{1'000'000s};

std::vector<Counts> queues(std::initializer_list<const char*> names) {
  std::vector<Counts> out;
  for (const char* name : names) out.push_back({.queue = name});
  return out;
}

}  // namespace

TEST_CASE("a queue in which something ended is visited until its ids are forgotten") {
  Housekeeping house(10s, start);
  CHECK(house.visits(start).empty());
  house.stir("jobs", start);
  CHECK(house.visits(start + 2s) == std::vector<std::string>{"jobs"});
  CHECK(house.visits(start + 22s) == std::vector<std::string>{"jobs"});
  house.stir("jobs", start + 22s);  // something was found
  CHECK(house.visits(start + 44s) == std::vector<std::string>{"jobs"});
  CHECK(house.visits(start + 46s).empty());
}

TEST_CASE("a long memory does not keep a queue visited for long") {
  Housekeeping house(24h, start);
  house.stir("jobs", start);
  CHECK(house.visits(start + 60s).size() == 1);
  CHECK(house.visits(start + 64s).empty());
}

TEST_CASE("all other queues are visited in turn, one in two minutes") {
  Housekeeping house(10s, start);
  const auto all = queues({"b", "a", "busy", "c"});
  house.stir("busy", start);
  CHECK_FALSE(house.looks(start));
  std::string order;
  auto now = start + 2s;
  for (int i = 0; i < 4; ++i, now += 120s) {
    CHECK(house.looks(now));
    order += house.looked(all, now)->queue;
    CHECK_FALSE(house.looks(now + 119s));
    house.stir("busy", now);
  }
  CHECK(order == "abca");
  CHECK(house.looked(queues({"busy"}), now) == std::nullopt);
  CHECK(house.looked({}, now) == std::nullopt);
}
