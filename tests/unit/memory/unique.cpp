// Unique keys: who holds them, and until when.
#include "memory/unique_keys.hpp"
#include "unit/memory/store_lab.hpp"

using namespace penstock;
using namespace penstock::memory;

namespace {

struct Keyed : StoreLab {
  Admission add(unsigned n, Unique mode = Unique::live, Millis period = {}, bool replace = false) {
    NewTask t = task(n);
    t.unique = "key";
    t.unique_while = mode;
    t.unique_for = period;
    t.replace = replace;
    return store.enqueue({&t, 1}, nullptr, now).value().at(0);
  }
  bool refused(unsigned n, unsigned holder) {
    const Admission a = add(n);
    return a.what == Item::conflict && a.id == id(holder);
  }
};

}  // namespace

TEST_CASE("a live key is held until the end, through retries") {
  Keyed lab;
  CHECK(lab.add(1).what == Item::ok);
  CHECK(lab.add(1).what == Item::exists);
  CHECK(lab.refused(2, 1));
  Epoch epoch = lab.claim(1).leased.at(0).epoch;
  CHECK(lab.refused(2, 1));
  lab.settle(1, epoch, State::ready);
  CHECK(lab.refused(2, 1));
  epoch = lab.claim(1).leased.at(0).epoch;
  lab.settle(1, epoch, State::dead, kKeepForever);
  CHECK(lab.add(2).what == Item::ok);
  CHECK(lab.move(1, State::dead, State::ready) == Item::conflict);
  CHECK(lab.cancel(2) == Item::ok);
  CHECK(lab.move(1, State::dead, State::ready) == Item::ok);
  CHECK(lab.refused(3, 1));
}

TEST_CASE("a waiting key is given up at the first claim, for good") {
  Keyed lab;
  CHECK(lab.add(1, Unique::waiting).what == Item::ok);
  CHECK(lab.refused(2, 1));
  const Epoch epoch = lab.claim(1).leased.at(0).epoch;
  CHECK(lab.add(2, Unique::waiting).what == Item::ok);
  lab.settle(1, epoch, State::ready);
  CHECK(lab.refused(3, 2));
}

TEST_CASE("a period keeps the key beyond the end of its holder") {
  Keyed lab;
  CHECK(lab.add(1, Unique::live, Millis(100)).what == Item::ok);
  lab.settle(1, lab.claim(1).leased.at(0).epoch, State::succeeded);
  lab.pass(Millis(99));
  CHECK(lab.refused(2, 1));
  lab.pass(Millis(1));
  CHECK(lab.add(2).what == Item::ok);
}

TEST_CASE("a waiting holder makes room for the one that replaces it, a leased one does not") {
  Keyed lab;
  CHECK(lab.add(1).what == Item::ok);
  CHECK(lab.add(2, Unique::live, {}, true).what == Item::ok);
  CHECK(lab.get(1)->state == State::cancelled);
  CHECK(lab.get(1)->tombstone);
  CHECK(taken(lab.claim(5)) == Numbers{2});
  const Admission late = lab.add(3, Unique::live, {}, true);
  CHECK(late.what == Item::conflict);
  CHECK(late.id == id(2));
}

TEST_CASE("a replacement fits into a full queue") {
  Keyed lab;
  CHECK(lab.add(1).what == Item::ok);
  NewTask t = task(2);
  t.unique = "key";
  t.replace = true;
  t.queue_limit = 1;
  CHECK(lab.put(t) == Item::ok);
  t = task(3);
  t.queue_limit = 1;
  CHECK(lab.put(t) == Item::full);
}

TEST_CASE("a child may take the key that its parent gives up with the same settlement") {
  Keyed lab;
  CHECK(lab.add(1).what == Item::ok);
  Settlement s = settlement(1, lab.claim(1).leased.at(0).epoch);
  NewTask child = task(2);
  child.unique = "key";
  s.children = {&child, 1};
  CHECK(lab.settle(s) == Item::ok);
  CHECK(lab.get(2)->state == State::ready);
  CHECK(lab.refused(3, 2));
}

TEST_CASE("expired keys are swept out by retention") {
  Keyed lab;
  for (unsigned n = 1; n <= 50; ++n) {
    NewTask t = task(n);
    const std::string key = "key " + std::to_string(n);
    t.unique = key;
    t.unique_for = Millis(10);
    CHECK(lab.put(t) == Item::ok);
    CHECK(lab.cancel(n) == Item::ok);
  }
  lab.pass(Millis(10));
  CHECK(lab.store.trim({.queue = "q", .state = State::cancelled}, lab.now));
  NewTask t = task(60);
  t.unique = "key 7";
  CHECK(lab.put(t) == Item::ok);
}

TEST_CASE("a sweep goes on where the last one stopped, so that held keys hide none that expired") {
  UniqueKeys keys;
  const Time now(Millis(1'000));
  for (unsigned n = 0; n < 100; ++n) {
    keys.take("held" + std::to_string(n), id(n), now);
    keys.take("expired" + std::to_string(n), id(n), now + Millis(1));
    keys.release("expired" + std::to_string(n), id(n), now);
  }
  REQUIRE(keys.size() == 200);
  for (int i = 0; i < 21; ++i) keys.sweep(now + Millis(1), 10);
  CHECK(keys.size() == 100);
}
