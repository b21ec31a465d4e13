// Fair keys: turns between them, order inside them, and what a key costs.
#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "support/rounds.hpp"
#include "unit/memory/store_lab.hpp"

using namespace penstock;
using namespace penstock::memory;

TEST_CASE("keys take turns, one task each, and a priority holds inside its key") {
  StoreLab lab;
  for (unsigned n = 1; n <= 3; ++n) lab.put(n, "a");
  lab.put(11, "b");
  lab.put(12, "b", {}, -5);
  lab.put(21);
  lab.put(22);
  CHECK(taken(lab.claim(7)) == Numbers{1, 12, 21, 2, 11, 22, 3});
}

TEST_CASE("turns go on where the claim before ended") {
  StoreLab lab;
  for (unsigned n = 1; n <= 3; ++n) lab.put(n, "a"), lab.put(n + 10, "b");
  Numbers order;
  for (int i = 0; i < 6; ++i) order.push_back(taken(lab.claim(1)).at(0));
  CHECK(order == Numbers{1, 11, 2, 12, 3, 13});
}

TEST_CASE("a key that empties and comes again goes to the back") {
  StoreLab lab;
  for (unsigned n = 1; n <= 4; ++n) lab.put(n, "flood");
  for (unsigned n = 11; n <= 13; ++n) lab.put(n, "b");
  lab.put(21, "one");
  CHECK(taken(lab.claim(3)) == Numbers{1, 11, 21});
  lab.put(22, "one");
  CHECK(taken(lab.claim(3)) == Numbers{2, 12, 22});
}

TEST_CASE("a task given back stands in its key again, at its old place") {
  StoreLab lab;
  lab.put(1, "a"), lab.put(2, "a"), lab.put(11, "b");
  const Exchanged first = lab.claim(1);
  lab.settle(1, first.leased[0].epoch, State::ready);
  CHECK(taken(lab.claim(3)) == Numbers{11, 1, 2});
}

TEST_CASE("a cancelled head is not in the way, and the last one takes its key along") {
  StoreLab lab;
  lab.put(1, "a", {}, -1), lab.put(2, "a"), lab.put(3, "b", {"g"}), lab.put(4, "b");
  CHECK(lab.cancel(1) == Item::ok);
  CHECK(lab.cancel(3) == Item::ok);
  CHECK(taken(lab.claim(4)) == Numbers{2, 4});
}

// The bound of the contract: while a key has a claimable task, no other key is served twice.
TEST_CASE("no key waits longer than one task of each other key") {
  for (int seed = 1; seed <= rounds(200); ++seed) {
    CAPTURE(seed);
    std::mt19937 rng(static_cast<unsigned>(seed));
    const auto below = [&](unsigned n) { return static_cast<unsigned>(rng() % n); };
    StoreLab lab;
    std::map<unsigned, std::string> key_of;
    std::map<std::string, unsigned> ready;
    std::map<std::string, std::map<std::string, unsigned>> served;  // while [first] waits, of [second]
    unsigned next = 0;
    for (int step = 0; step < 300; ++step) {
      if (below(3) != 0) {
        const std::string key = "k" + std::to_string(below(1 + seed % 12));
        key_of[++next] = key;
        lab.put(next, key, {}, static_cast<int>(below(3)));
        if (ready[key]++ == 0) served[key].clear();
        continue;
      }
      for (unsigned n : taken(lab.claim(1 + below(4)))) {
        const std::string& key = key_of[n];
        served[key].clear();
        --ready[key];
        for (auto& [other, count] : ready) {
          if (other != key && count > 0) REQUIRE(++served[other][key] <= 1);
        }
      }
    }
  }
}

TEST_CASE("a queue of many keys lets all of them go again") {
  StoreLab lab;
  for (unsigned n = 1; n <= 3000; ++n) {
    lab.put(n, "key " + std::to_string(n), {"gate " + std::to_string(n % 7)});
  }
  unsigned done = 0;
  for (Exchanged got = lab.claim(100); !got.leased.empty(); got = lab.claim(100)) {
    for (const Leased& l : got.leased) {
      Settlement s;
      s.key = {"q", l.id};
      s.epoch = l.epoch;
      CHECK(lab.settle(s) == Item::ok);
      ++done;
    }
  }
  CHECK(done == 3000);
}
