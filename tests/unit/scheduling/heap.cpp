// The indexed heap against a sorted set, under random use.
#include "scheduling/heap.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <utility>
#include <vector>

using namespace penstock::scheduling;

TEST_CASE("a heap gives the earliest due first, and any member can be taken out") {
  std::mt19937 random(1);
  std::vector<Schedulable> tasks(300);
  std::vector<bool> inside(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) tasks[i].arrival = i;
  IndexedHeap<EarlierDue> heap;
  std::set<std::pair<Instant, std::uint64_t>> expected;
  for (int step = 0; step < 20'000; ++step) {
    Schedulable& task = tasks[random() % tasks.size()];
    std::size_t at = task.arrival;
    if (inside[at] && random() % 3 == 0) {
      heap.erase(&task);
      expected.erase({task.due, at});
      inside[at] = false;
    } else if (!inside[at]) {
      task.due = Instant(std::chrono::milliseconds(random() % 50));  // many are equal
      heap.push(&task);
      expected.insert({task.due, at});
      inside[at] = true;
    } else {
      Schedulable* first = heap.pop();
      REQUIRE(std::pair(first->due, first->arrival) == *expected.begin());
      expected.erase(expected.begin());
      inside[first->arrival] = false;
    }
    REQUIRE((heap.size() == expected.size() && heap.empty() == expected.empty()));
    if (!expected.empty()) REQUIRE(heap.top()->arrival == expected.begin()->second);
  }
}

TEST_CASE("the only and the last member can be taken out") {
  IndexedHeap<EarlierArrival> heap;
  Schedulable one, two;
  two.arrival = 1;
  heap.push(&one);
  heap.erase(&one);
  CHECK(heap.empty());
  heap.push(&two);
  heap.push(&one);
  CHECK(heap.pop() == &one);
  heap.erase(&two);
  CHECK(heap.empty());
}
