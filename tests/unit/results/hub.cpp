// Fan-out of results: everybody gets everything, and who does not read loses by the policy it chose.
#include "results/hub.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

using namespace penstock;
using results::Hub;
using namespace std::chrono_literals;

namespace {

TaskResult result(int n) {
  TaskResult r;
  r.kind = std::to_string(n);
  return r;
}

// What is there to be read, without waiting.
std::vector<std::string> drain(Results& results) {
  std::vector<std::string> out;
  while (auto r = results.next(0ms)) out.push_back(r->kind);
  return out;
}

using Kinds = std::vector<std::string>;

}  // namespace

TEST_CASE("every subscriber gets every result from its subscription on") {
  Hub hub;
  CHECK_FALSE(hub.wanted());
  hub.publish(result(0));
  Results one(hub.subscribe(8, WhenFull::drop_newest));
  CHECK(hub.wanted());
  hub.publish(result(1));
  Results two(hub.subscribe(8, WhenFull::drop_newest));
  hub.publish(result(2));
  CHECK(drain(one) == Kinds{"1", "2"});
  CHECK(drain(two) == Kinds{"2"});
  CHECK(hub.dropped() == 0);
}

TEST_CASE("a full subscriber loses the newest or its oldest, and it is counted") {
  Hub hub;
  Results newest(hub.subscribe(2, WhenFull::drop_newest));
  Results oldest(hub.subscribe(2, WhenFull::drop_oldest));
  Results roomy(hub.subscribe(100, WhenFull::drop_newest));
  for (int n = 1; n <= 5; ++n) hub.publish(result(n));
  CHECK(drain(newest) == Kinds{"1", "2"});
  CHECK(drain(oldest) == Kinds{"4", "5"});
  CHECK(drain(roomy).size() == 5);
  CHECK(newest.dropped() == 3);
  CHECK(oldest.dropped() == 3);
  CHECK(roomy.dropped() == 0);
  CHECK(hub.dropped() == 6);
  hub.publish(result(6));  // there is room again
  CHECK(drain(newest) == Kinds{"6"});
}

TEST_CASE("a buffer of nothing holds one") {
  Hub hub;
  Results results(hub.subscribe(0, WhenFull::drop_newest));
  hub.publish(result(1));
  hub.publish(result(2));
  CHECK(drain(results) == Kinds{"1"});
}

TEST_CASE("who drops its end is forgotten") {
  Hub hub;
  { Results gone(hub.subscribe(1, WhenFull::drop_newest)); }
  Results stays(hub.subscribe(1, WhenFull::drop_newest));
  hub.publish(result(1));
  CHECK(hub.dropped() == 0);
  { Results moved = std::move(stays); }
  hub.publish(result(2));
  CHECK_FALSE(hub.wanted());
}

TEST_CASE("after the close what is there can be read, and then it is over") {
  Hub hub;
  Results results(hub.subscribe(8, WhenFull::drop_newest));
  hub.publish(result(1));
  CHECK_FALSE(results.closed());
  hub.close();
  CHECK_FALSE(results.closed());
  CHECK(results.next(Millis::max())->kind == "1");
  CHECK(results.closed());
  CHECK_FALSE(results.next(Millis::max()));
  CHECK(Results(hub.subscribe(8, WhenFull::drop_newest)).closed());
}

TEST_CASE("one that waits is woken by a result, and by the close") {
  Hub hub;
  auto subscriber = hub.subscribe(8, WhenFull::drop_newest);
  std::vector<std::string> seen;
  std::jthread reader([&] {
    Results results(subscriber);
    while (auto r = results.next(Millis::max())) seen.push_back(r->kind);
  });
  for (int n = 0; n < 5; ++n) hub.publish(result(n));
  hub.close();
  reader.join();
  CHECK(seen.size() == 5);
}

TEST_CASE("results from many threads all arrive, to readers that come and go") {
  Hub hub;
  constexpr int kThreads = 3, kEach = 2000;
  Results all(hub.subscribe(kThreads * kEach, WhenFull::drop_newest));
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int n = 0; n < kEach; ++n) hub.publish(result(n));
      });
    }
    for (int i = 0; i < 100; ++i) Results(hub.subscribe(1, WhenFull::drop_oldest)).next(0ms);
  }
  CHECK(drain(all).size() == kThreads * kEach);
}
