// How queues share: by weight, in turns, and none is forgotten.
#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "scheduling/scheduler.hpp"

using namespace penstock::scheduling;

namespace {

constexpr Instant kNow{};

// Tasks on demand; they are told apart by their queue.
struct Lab {
  Scheduler scheduler;
  std::deque<Schedulable> tasks;

  Schedulable* push(const std::string& queue) {
    Schedulable& t = tasks.emplace_back();
    t.lane = &scheduler.lane(queue);
    scheduler.push(&t, kNow, kNow);
    return &t;
  }
  void push(const std::string& queue, int count) {
    while (count-- > 0) push(queue);
  }
  // The first letters of the queues of the next tasks.
  std::string pop(int count) {
    std::string out;
    while (count-- > 0) {
      Schedulable* t = scheduler.pop(kNow);
      out += t ? t->lane->name[0] : '-';
    }
    return out;
  }
};

}  // namespace

TEST_CASE("each queue gives up to its weight in a row") {
  Lab lab;
  lab.scheduler.set_weights({{"a", 3}, {"b", 1}, {"*", 2}});
  lab.push("a", 9);
  lab.push("b", 9);
  lab.push("c", 9);
  CHECK(lab.pop(12) == "aaabccaaabcc");
}

TEST_CASE("a queue that runs dry gives up its turn, and joins behind the others") {
  Lab lab;
  lab.scheduler.set_weights({{"*", 3}});
  lab.push("a", 1);
  lab.push("b", 6);
  lab.push("c", 6);
  CHECK(lab.pop(2) == "ab");
  lab.push("a", 1);
  CHECK(lab.pop(6) == "bbccca");
  CHECK(lab.pop(9) == "bbbccc---");
}

TEST_CASE("weights can change in the middle of a turn") {
  Lab lab;
  lab.scheduler.set_weights({{"a", 5}, {"b", 1}});
  lab.push("a", 20);
  lab.push("b", 20);
  CHECK(lab.pop(1) == "a");
  lab.scheduler.set_weights({{"a", 2}, {"b", 2}});
  CHECK(lab.pop(6) == "aabbaa");
  lab.scheduler.set_weights({{"a", 0}, {"b", 1}});
  CHECK(lab.pop(5) == "babab");  // weight 0 counts as 1
}

TEST_CASE("over a long time the shares are exactly the weights") {
  Lab lab;
  const std::map<std::string, unsigned> weights{{"a", 7}, {"b", 2}, {"c", 1}};
  lab.scheduler.set_weights(weights);
  for (const auto& [name, weight] : weights) lab.push(name, 8000);
  const std::string order = lab.pop(10'000);
  for (const auto& [name, weight] : weights) CHECK(std::ranges::count(order, name[0]) == weight * 1000);
}

// No queue that has something ready waits longer than one turn of each other queue.
TEST_CASE("the wait of a queue is bounded by the weights of the others") {
  std::mt19937 random(11);
  for (int round = 0; round < 60; ++round) {
    Lab lab;
    const int count = 2 + static_cast<int>(random() % 6);
    std::map<std::string, unsigned> weights;
    for (int i = 0; i < count; ++i)
      weights[std::string(1, static_cast<char>('a' + i))] = 1 + static_cast<unsigned>(random() % 5);
    lab.scheduler.set_weights(weights);
    const unsigned all =
        std::accumulate(weights.begin(), weights.end(), 0u, [](unsigned sum, const auto& w) { return sum + w.second; });
    std::map<std::string, unsigned> waited;  // pops of others since the queue had its last one, while it had tasks
    std::map<std::string, std::vector<Schedulable*>> queued;
    for (int step = 0; step < 2000; ++step) {
      const std::string name(1, static_cast<char>('a' + random() % static_cast<unsigned>(count)));
      if (random() % 2 == 0) {
        queued[name].push_back(lab.push(name));
      } else if (random() % 8 == 0 && !queued[name].empty()) {  // taken out
        REQUIRE(lab.scheduler.erase(queued[name].back()));
        queued[name].pop_back();
        if (queued[name].empty()) waited[name] = 0;
      } else if (Schedulable* got = lab.scheduler.pop(kNow)) {
        auto& from = queued[got->lane->name];
        REQUIRE(got == from.front());  // first in, first out
        from.erase(from.begin());
        waited[got->lane->name] = 0;
        for (const auto& [other, tasks] : queued) {
          if (other == got->lane->name || tasks.empty()) continue;
          REQUIRE(++waited[other] <= all - weights[other]);
        }
      } else {
        for (const auto& [other, tasks] : queued) REQUIRE(tasks.empty());
      }
    }
  }
}
