// Gates: slots, tokens, holds, and who is let through when.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "support/rounds.hpp"
#include "unit/memory/store_lab.hpp"

using namespace penstock;
using namespace penstock::memory;

namespace {
constexpr Millis kLong{10'000'000};
}

TEST_CASE("a gate lets through what it has slots for; a slot back lets one more through") {
  StoreLab lab;
  lab.limit("g", {.running = 2});
  for (unsigned n = 1; n <= 4; ++n) lab.put(n, "", {"g"});
  lab.put(9);
  const Exchanged first = lab.claim(10);
  CHECK(taken(first) == Numbers{1, 2, 9});
  CHECK(taken(lab.claim(10)).empty());
  CHECK_FALSE(lab.claim(10).next_due == Millis(0));
  for (State to : {State::succeeded, State::ready}) {
    const std::uint64_t bell = lab.store.bell();
    lab.settle(to == State::ready ? 2 : 1, first.leased[0].epoch, to);
    CHECK(lab.store.bell() == bell + 1);
    CHECK(taken(lab.claim(10)) == (to == State::ready ? Numbers{2} : Numbers{3}));
  }
}

TEST_CASE("a task passes all of its gates or waits") {
  StoreLab lab;
  lab.limit("a", {.running = 1});
  lab.limit("b", {.running = 1});
  lab.put(1, "", {"a", "b"});
  lab.put(2, "", {"b"});
  lab.put(3, "", {"a"});
  const Epoch epoch = lab.claim(3).leased.at(0).epoch;
  CHECK(taken(lab.claim(3)).empty());
  lab.settle(1, epoch, State::succeeded);
  CHECK(taken(lab.claim(3)) == Numbers{2, 3});
}

TEST_CASE("room does not wait for a flow that is not the best of its key") {
  StoreLab lab;
  lab.limit("h", {.running = 1});
  lab.put(1, "", {"h"}, 5);
  for (unsigned n = 2; n <= 20; ++n) lab.put(n);
  lab.put(30, "", {"h", "k"}, -5);
  lab.put(31, "other", {"h"});
  CHECK(taken(lab.claim(2)) == Numbers{30, 2});
}

TEST_CASE("a key whose gate is free takes its turn, whoever else asked for that gate before") {
  StoreLab lab;
  lab.limit("h", {.running = 1});
  lab.put(1, "a", {"h"}, 1);
  for (unsigned n = 2; n <= 9; ++n) lab.put(n, "a");
  lab.put(11, "w", {"h"});
  CHECK(taken(lab.claim(3)) == Numbers{2, 11, 3});
}

TEST_CASE("keys take turns behind a gate as well") {
  StoreLab lab;
  lab.limit("g", {.running = 1});
  for (unsigned n = 1; n <= 3; ++n) lab.put(n, "a", {"g"});
  lab.put(11, "b", {"g"}), lab.put(21, "c", {"g"});
  Numbers order;
  for (int i = 0; i < 5; ++i) {
    const Exchanged got = lab.claim(5);
    REQUIRE(got.leased.size() == 1);
    order.push_back(taken(got)[0]);
    lab.settle(order.back(), got.leased[0].epoch, State::succeeded);
  }
  CHECK(order == Numbers{1, 11, 21, 2, 3});
}

TEST_CASE("a lapsed task keeps its slot for whoever takes it over") {
  StoreLab lab;
  lab.limit("g", {.running = 1});
  lab.put(1, "", {"g"}), lab.put(2, "", {"g"});
  lab.claim(5, Millis(100));
  lab.pass(Millis(100));
  const Exchanged again = lab.claim(5);
  CHECK(taken(again) == Numbers{1});
  lab.settle(1, again.leased[0].epoch, State::succeeded);
  CHECK(taken(lab.claim(5)) == Numbers{2});
}

TEST_CASE("a limit that is lowered ends nothing and fills less from then on") {
  StoreLab lab;
  lab.limit("g", {.running = 3});
  for (unsigned n = 1; n <= 6; ++n) lab.put(n, "", {"g"});
  const Epoch epoch = lab.claim(5).leased.at(0).epoch;  // 1 2 3
  lab.limit("g", {.running = 1});
  lab.settle(1, epoch, State::succeeded), lab.settle(2, epoch, State::succeeded);
  CHECK(taken(lab.claim(5)).empty());
  lab.settle(3, epoch, State::succeeded);
  CHECK(taken(lab.claim(5)) == Numbers{4});
  lab.unlimit("g");
  CHECK(taken(lab.claim(5)) == Numbers{5, 6});
}

TEST_CASE("a class limits each of its gates, an own limit goes before, an operator's before a program's") {
  StoreLab lab;
  lab.limit("c", {.running = 1});
  lab.limit("c:2", {.running = 2});
  for (unsigned n = 1; n <= 3; ++n) lab.put(n, "", {"c:1"}), lab.put(n + 10, "", {"c:2"});
  CHECK(taken(lab.claim(9)) == Numbers{1, 11, 12});
  lab.limit("c:2", {.running = 3}, Layer::operator_);
  CHECK(taken(lab.claim(9)) == Numbers{13});
  lab.limit("c", {.running = -1}, Layer::operator_);
  CHECK(taken(lab.claim(9)) == Numbers{2, 3});
}

TEST_CASE("tokens: a burst, then one an interval, and all of them after a rest") {
  StoreLab lab;
  lab.limit("g", {.per_second = 10, .burst = 3});
  for (unsigned n = 1; n <= 9; ++n) lab.put(n, "", {"g"});
  const Exchanged first = lab.claim(9, kLong);
  CHECK(taken(first) == Numbers{1, 2, 3});
  CHECK(first.next_due == Millis(100));
  lab.pass(Millis(99));
  CHECK(taken(lab.claim(9, kLong)).empty());
  lab.pass(Millis(1));
  CHECK(taken(lab.claim(9, kLong)) == Numbers{4});
  lab.pass(Millis(250));
  CHECK(taken(lab.claim(9, kLong)) == Numbers{5, 6});
  lab.pass(Millis(100'000));
  CHECK(taken(lab.claim(9, kLong)) == Numbers{7, 8, 9});
}

TEST_CASE("retries cost a token, a task given back unstarted does not") {
  StoreLab lab;
  lab.limit("g", {.per_second = 1, .burst = 1});
  lab.put(1, "", {"g"});
  Settlement back = settlement(1, lab.claim(1).leased.at(0).epoch, State::ready);
  back.unstarted = true;
  lab.settle(back);
  const Exchanged again = lab.claim(1);
  REQUIRE(taken(again) == Numbers{1});
  lab.settle(1, again.leased[0].epoch, State::ready);
  CHECK(taken(lab.claim(1)).empty());
}

TEST_CASE("a rate is not forgotten with the last task of its gate") {
  StoreLab lab;
  lab.limit("c", {.per_second = 1, .burst = 1});
  lab.put(1, "", {"c:1"});
  lab.settle(1, lab.claim(1).leased.at(0).epoch, State::succeeded);
  lab.put(2, "", {"c:1"});
  CHECK(lab.claim(1).next_due == Millis(1000));
  lab.pass(Millis(1000));
  CHECK(taken(lab.claim(1)) == Numbers{2});
}

TEST_CASE("a hold closes a gate for its time, and the longer of two stays") {
  StoreLab lab;
  lab.put(1, "", {"g"}), lab.put(2);
  lab.hold("g", Millis(100));
  lab.hold("g", Millis(50));
  const Exchanged held = lab.claim(5);
  CHECK(taken(held) == Numbers{2});
  CHECK(held.next_due == Millis(100));
  lab.pass(Millis(99));
  CHECK(taken(lab.claim(5)).empty());
  lab.hold("g", Millis(0));
  CHECK(taken(lab.claim(5)) == Numbers{1});
}

TEST_CASE("a held queue gives nothing, lapsed tasks neither") {
  StoreLab lab;
  lab.put(1), lab.put(2);
  lab.claim(1, Millis(10));
  lab.pass(Millis(10));
  lab.hold("", kHoldForever);
  const Exchanged held = lab.claim(5);
  CHECK(taken(held).empty());
  CHECK_FALSE(held.next_due);
  lab.hold("", Millis(0));
  CHECK(taken(lab.claim(5)) == Numbers{1, 2});
}

TEST_CASE("the queue's own gate counts all of its tasks") {
  StoreLab lab;
  lab.limit("", {.running = 2, .per_second = 10, .burst = 3});
  for (unsigned n = 1; n <= 5; ++n) lab.put(n, n % 2 ? "a" : "b");
  const Exchanged first = lab.claim(5);
  CHECK(taken(first) == Numbers{1, 2});
  CHECK_FALSE(first.next_due == Millis(0));
  for (const Leased& l : first.leased) lab.settle(numbers({l.id})[0], l.epoch, State::succeeded);
  const Exchanged second = lab.claim(5);
  CHECK(taken(second) == Numbers{3});
  lab.settle(3, second.leased[0].epoch, State::succeeded);
  CHECK(lab.claim(5).next_due == Millis(100));
}

TEST_CASE("what is leased ahead fills a gate to half only") {
  StoreLab lab;
  lab.limit("g", {.running = 4});
  for (unsigned n = 1; n <= 5; ++n) lab.put(n, "", {"g"});
  const Exchanged some = lab.claim_ahead(5, 5);
  CHECK(taken(some) == Numbers{1, 2});
  CHECK(some.next_due == Millis(0));
  CHECK(taken(lab.claim_ahead(5, 4)) == Numbers{3});
  CHECK(taken(lab.claim(5)) == Numbers{4});
}

// Random traffic through gates: never above a limit, and nothing that could go stays.
TEST_CASE("gates are never overfull and never idle while somebody waits") {
  for (int seed = 1; seed <= rounds(300); ++seed) {
    CAPTURE(seed);
    std::mt19937 rng(static_cast<unsigned>(seed));
    const auto below = [&](unsigned n) { return static_cast<unsigned>(rng() % n); };
    StoreLab lab;
    const std::vector<std::string> names = {"a", "b", "c:1", "c:2"};
    std::map<std::string, std::int64_t> most;
    const auto set = [&](const std::string& gate, std::int64_t running) {
      most[gate] = running;
      lab.limit(gate, {.running = running});
    };
    for (const std::string& g : names) set(g, 1 + below(3));
    std::map<unsigned, std::vector<std::string>> gates_of;
    std::set<unsigned> waiting;
    std::map<unsigned, Epoch> held;
    const auto leased = [&](const std::string& gate) {
      std::int64_t n = 0;
      for (const auto& [task, epoch] : held) n += std::ranges::count(gates_of[task], gate);
      return n;
    };
    unsigned next = 0;
    for (int step = 0; step < 300; ++step) {
      const unsigned act = below(8);
      if (act < 3) {
        std::vector<std::string>& own = gates_of[++next];
        for (const std::string& g : names) {
          if (below(3) == 0) own.push_back(g);
        }
        lab.put(next, below(2) ? "x" : "y", {own.begin(), own.end()}, static_cast<int>(below(3)));
        waiting.insert(next);
      } else if (act < 6) {
        const std::uint32_t limit = 1 + below(4);
        const auto before = [&](unsigned n) {
          return std::ranges::all_of(gates_of[n], [&](const std::string& g) { return leased(g) < most[g]; });
        };
        const Exchanged got = lab.claim(limit, Millis(1'000'000));
        for (const Leased& l : got.leased) {
          const unsigned n = numbers({l.id})[0];
          REQUIRE(before(n));
          held[n] = l.epoch;
          waiting.erase(n);
        }
        if (got.leased.size() < limit) {
          REQUIRE(std::ranges::none_of(waiting, before));
          REQUIRE_FALSE(got.next_due == Millis(0));
        }
      } else if (act == 6 && !held.empty()) {
        auto at = std::next(held.begin(), below(static_cast<unsigned>(held.size())));
        const bool again = below(2);
        REQUIRE(lab.settle(at->first, at->second, again ? State::ready : State::succeeded) == Item::ok);
        if (again) waiting.insert(at->first);
        held.erase(at);
      } else if (act == 7) {
        if (below(2) && !waiting.empty()) {
          auto at = std::next(waiting.begin(), below(static_cast<unsigned>(waiting.size())));
          REQUIRE(lab.cancel(*at) == Item::ok);
          waiting.erase(at);
        } else {
          set(names[below(4)], below(4));
        }
      }
    }
  }
}

TEST_CASE("gates list what was set, and how they stand") {
  StoreLab lab;
  lab.limit("g", {.running = 1});
  lab.limit("g", {.running = 2}, Layer::operator_);
  lab.hold("h", Millis(70));
  lab.put(1, "", {"g"}), lab.put(2, "k", {"g"}), lab.put(3, "l", {"g"});
  lab.claim(2);
  const auto all = lab.store.gates("q", lab.now).value();
  REQUIRE(all.size() == 2);
  CHECK(all[0].gate == "g");
  CHECK(all[0].declared->running == 1);
  CHECK(all[0].by_operator->running == 2);
  CHECK(all[0].leased == 2);
  CHECK(all[0].waiting == 1);
  CHECK(all[1].gate == "h");
  CHECK(all[1].held == Millis(70));
  lab.unlimit("g"), lab.unlimit("g", Layer::operator_);
  lab.pass(Millis(70));
  CHECK(lab.store.gates("q", lab.now).value().empty());
}
