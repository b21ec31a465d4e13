// The ready tasks of one queue, against a sorted set.
#include "scheduling/ready_queue.hpp"

#include <catch2/catch.hpp>
#include <climits>
#include <random>
#include <set>
#include <tuple>
#include <vector>

using namespace penstock::scheduling;

namespace {

Schedulable task(std::int32_t priority, std::uint16_t weight, std::uint64_t arrival) {
  Schedulable t;
  t.priority = priority;
  t.weight = weight;
  t.arrival = arrival;
  return t;
}

}  // namespace

TEST_CASE("the lower priority number, then the higher weight, then the earlier arrival") {
  std::vector<Schedulable> tasks{
      task(INT32_MAX, 65535, 1), task(0, 1, 2),         task(0, 1, 3),     task(0, 2, 4), task(-1, 1, 5),
      task(INT32_MIN, 1, 6),     task(INT32_MIN, 2, 7), task(0, 65535, 8), task(1, 1, 9),
  };
  ReadyQueue queue;
  for (Schedulable& t : tasks) queue.push(&t);
  std::vector<std::uint64_t> order;
  while (!queue.empty()) order.push_back(queue.pop()->arrival);
  CHECK(order == std::vector<std::uint64_t>{7, 6, 5, 8, 4, 2, 3, 9, 1});
}

TEST_CASE("a task that comes back takes its old place") {
  std::vector<Schedulable> tasks;
  for (std::uint64_t n = 1; n <= 5; ++n) tasks.push_back(task(0, 1, n));
  ReadyQueue queue;
  for (Schedulable& t : tasks) queue.push(&t);
  Schedulable* first = queue.pop();
  Schedulable* second = queue.pop();
  queue.push(second);
  queue.push(first);
  for (std::uint64_t n = 1; n <= 5; ++n) CHECK(queue.pop()->arrival == n);
}

TEST_CASE("under random use the order is always exact") {
  std::mt19937 random(2);
  std::vector<Schedulable> tasks(200);
  auto place = [](const Schedulable& t) { return std::tuple(t.priority, -int{t.weight}, t.arrival); };
  std::set<decltype(place(tasks[0]))> expected;
  std::uint64_t arrivals = 0;
  ReadyQueue queue;
  for (int step = 0; step < 30'000; ++step) {
    Schedulable& t = tasks[random() % tasks.size()];
    if (t.place != Schedulable::Place::none) {
      if (random() % 4 == 0) {
        queue.erase(&t);
        REQUIRE(expected.erase(place(t)) == 1);
      } else {
        Schedulable* first = queue.pop();
        REQUIRE(place(*first) == *expected.begin());
        expected.erase(expected.begin());
        REQUIRE(first->place == Schedulable::Place::none);
      }
    } else {
      bool comes_back = t.arrival > 0 && random() % 2 == 0;
      if (!comes_back) {
        t.priority = static_cast<int>(random() % 3) - 1;
        t.weight = static_cast<std::uint16_t>(1 + random() % 2);
        t.arrival = ++arrivals;
      }
      queue.push(&t);
      expected.insert(place(t));
    }
    REQUIRE(queue.size() == expected.size());
  }
}
