// The containers against the standard library's, under random use.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "memory/heap.hpp"
#include "memory/index.hpp"
#include "memory/log.hpp"
#include "memory/slab.hpp"
#include "memory/tombstones.hpp"

using namespace penstock;
using namespace penstock::memory;

TEST_CASE("a slab hands out the same record until it is taken, and reuses what is given back") {
  Slab<int> slab;
  CHECK(slab.next() == slab.next());
  std::vector<std::uint32_t> used;
  for (int i = 0; i < 1000; ++i) {
    used.push_back(slab.next());
    slab.take();
    slab[used.back()] = i;
  }
  CHECK(slab.used() == 1000);
  CHECK(slab[used[7]] == 7);
  slab.give(used[7]);
  CHECK(slab.used() == 999);
  CHECK(slab.next() == used[7]);
}

TEST_CASE("a heap pops live entries in order and does not hoard stale ones") {
  std::mt19937 random(1);
  Heap heap;
  std::vector<std::uint32_t> tickets(500);
  std::set<std::pair<std::uint64_t, std::uint32_t>> expected;
  std::vector<std::uint64_t> key(tickets.size());
  const auto live = [&](const Heap::Entry& e) { return tickets[e.ref] == e.ticket; };
  for (int step = 0; step < 20'000; ++step) {
    const auto ref = static_cast<std::uint32_t>(random() % tickets.size());
    expected.erase({key[ref], ref});
    ++tickets[ref];  // whatever was there of it is stale now
    if (random() % 3 != 0) {
      key[ref] = random() % 100;
      heap.push({key[ref], ref, ref, tickets[ref]}, expected.size(), live);
      expected.insert({key[ref], ref});
    }
    REQUIRE(heap.size() <= 66 + 2 * tickets.size());
    if (random() % 4 == 0 && !expected.empty()) {
      const Heap::Entry* top = heap.top(live);
      REQUIRE(top);
      REQUIRE(std::pair(top->major, top->ref) == *expected.begin());
      expected.erase(expected.begin());
      heap.pop();
    }
  }
}

TEST_CASE("the order of signed numbers survives becoming unsigned") {
  const std::vector<std::int64_t> v{INT64_MIN, -5, -1, 0, 1, INT64_MAX};
  for (std::size_t i = 1; i < v.size(); ++i) CHECK(rising(v[i - 1]) < rising(v[i]));
  for (auto x : v) CHECK(unrising(rising(x)) == x);
}

TEST_CASE("an index finds what a map finds, through growth, replacement and removal") {
  std::mt19937_64 random(2);
  Index index;
  std::map<std::uint64_t, std::uint32_t> expected;
  std::vector<std::uint64_t> keys;                                                           // by reference
  const auto hash = [](std::uint64_t key) { return static_cast<std::uint32_t>(key % 97); };  // collides a lot
  const auto find = [&](std::uint64_t key) {
    return index.find(hash(key), [&](std::uint32_t ref) { return keys[ref] == key; });
  };
  for (int step = 0; step < 50'000; ++step) {
    const std::uint64_t key = random() % 600;
    const auto at = expected.find(key);
    REQUIRE(find(key) == (at == expected.end() ? kNone : at->second));
    const auto ref = static_cast<std::uint32_t>(keys.size());
    if (at == expected.end()) {
      keys.push_back(key);
      index.make_room();
      index.insert(hash(key), ref);
      expected[key] = ref;
    } else if (random() % 2) {
      keys.push_back(key);
      index.replace(hash(key), at->second, ref);
      at->second = ref;
    } else {
      index.erase(hash(key), at->second);
      expected.erase(at);
    }
    REQUIRE(index.size() == expected.size());
  }
}

TEST_CASE("ids that differ in few places spread over the table") {
  IdHash hash(7), other(8);
  std::vector<int> low(256);
  int differ = 0;
  for (int place = 0; place < 16; ++place) {
    for (int value = 0; value < 256; ++value) {
      TaskId id;
      id.bytes[static_cast<std::size_t>(place)] = static_cast<unsigned char>(value);
      ++low[hash(id) & 255];
      differ += hash(id) != other(id);
    }
  }
  CHECK(*std::max_element(low.begin(), low.end()) < 48);  // 16 on average
  CHECK(differ > 4000);
}

TEST_CASE("a log keeps its order while entries die") {
  Log log;
  std::vector<std::uint64_t> keys(100);
  const auto live = [&](const Log::Entry& e) { return keys[e.ref] == e.key; };
  for (std::uint64_t key = 1; key <= 10'000; ++key) {
    const auto ref = static_cast<std::uint32_t>(key * 37 % 100);
    keys[ref] = key;
    log.push(key, ref, keys.size(), live);
    REQUIRE(log.size() <= 65 + 2 * keys.size());
  }
  CHECK(log.oldest(live)->key == 9'901);
  CHECK(log[log.after(9'950)].key == 9'951);
  CHECK(log.after(10'000) == log.size());
}

TEST_CASE("references to tombstones hold while older ones go") {
  Tombstones stones;
  CHECK(stones.empty());
  const auto push = [&](Epoch e) { return stones.push({.id = {}, .epoch = e, .ended = {}, .since = 0, .state = 0}); };
  const std::uint32_t first = push(1), second = push(2);
  CHECK(first == stones.oldest());
  stones.pop();
  const std::uint32_t third = push(3);
  CHECK(stones[second].epoch == 2);
  CHECK(stones[third].epoch == 3);
  CHECK((third & kGone) != 0);
}
