// The table of the races, tested: what may happen passes, and every sort of violation is told.
#include "torture/race_table.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

using namespace penstock;
using namespace penstock::torture;

namespace {

constexpr Millis kLease{20};

struct Scene {
  RaceTable& table = *RaceTable::make();

  Scene() { table.start(); }
  static std::vector<int> through(RaceGate gate) {
    std::vector<int> out;
    for (int t = 0; t < kRaceTasks; ++t)
      if (passes(t, gate)) out.push_back(t);
    return out;
  }
  void claim(int task, Epoch epoch, bool lapsed = false) { claim(task, epoch, table.look(), lapsed); }
  void claim(int task, Epoch epoch, const RaceTable::Sight& sight, bool lapsed = false) {
    Leased l;
    l.epoch = epoch, l.lapsed = lapsed;
    table.claimed(task, l, kLease, sight);
  }
  bool told(const char* what) const { return table.failed() && std::strstr(table.message(), what); }
};

}  // namespace

TEST_CASE("a gate may be full, and not fuller") {
  Scene s;
  const auto tasks = Scene::through(RaceGate::three);
  s.table.fix(RaceGate::three, 3);
  for (std::size_t i = 0; i < 3; ++i) s.claim(tasks[i], 1 + i);
  REQUIRE(s.table.letting_go(tasks[0], 1, true));
  s.claim(tasks[3], 5);
  REQUIRE(!s.table.failed());
  s.claim(tasks[4], 6);
  CHECK(s.told("and 4 hold it"));
}

TEST_CASE("a gate whose limit changes is judged where the limit was the same all the time") {
  Scene s;
  const auto tasks = Scene::through(RaceGate::moving);
  const auto set = [&](std::int64_t to) {
    REQUIRE(s.table.change(RaceGate::moving, to));
    s.table.done(RaceGate::moving);
  };
  set(2);
  s.claim(tasks[0], 1);
  s.claim(tasks[1], 2);
  const auto before = s.table.look();
  set(1);
  s.claim(tasks[2], 3, before);
  REQUIRE(!s.table.failed());
  s.claim(tasks[3], 4);
  CHECK(s.told("was claimed as number 4"));
}

TEST_CASE("a change that is under way lets nobody change, and nobody be judged") {
  Scene s;
  const auto tasks = Scene::through(RaceGate::held);
  REQUIRE(s.table.change(RaceGate::held, 0));
  CHECK(!s.table.change(RaceGate::held, -1));
  s.claim(tasks[0], 1);
  REQUIRE(!s.table.failed());
  s.table.done(RaceGate::held);
  s.claim(tasks[1], 2);
  CHECK(s.told("lets 0 through"));
}

TEST_CASE("a held task is not handed out as ready") {
  Scene s;
  s.claim(7, 1);
  s.table.time().advance(kLease);
  s.claim(7, 2);
  CHECK(s.told("as ready while it was held"));
}

TEST_CASE("a task is taken over after the lapse, and not before") {
  Scene s;
  s.claim(7, 1);
  s.table.time().advance(kLease);
  s.claim(7, 2, true);
  s.claim(7, 1, true);  // who comes late with what was answered before
  REQUIRE(!s.table.failed());
  CHECK(!s.table.letting_go(7, 1, true));
  s.table.time().advance(kLease - Millis(1));
  s.claim(7, 3, true);
  CHECK(s.told("before its lease lapsed"));
}

TEST_CASE("an extension puts the lapse off") {
  Scene s;
  s.claim(7, 1);
  s.table.time().advance(kLease - Millis(1));
  s.table.extended(7, 1, kLease, s.table.look());
  s.table.time().advance(kLease - Millis(1));
  s.claim(7, 2, true);
  CHECK(s.told("before its lease lapsed"));
}

TEST_CASE("a lease is lost by its lapse only") {
  Scene s;
  const Millis until = s.table.time().boot() + kLease;
  s.table.time().advance(kLease);
  s.table.settled(7, 1, Item::lease_lost, true, until);
  REQUIRE(!s.table.failed());
  s.table.settled(7, 1, Item::lease_lost, true, until + Millis(1));
  CHECK(s.told("was lost under epoch 1"));
}

TEST_CASE("a unique key has one holder") {
  Scene s;
  std::vector<int> same;
  for (int t = 0; t < kRaceTasks; ++t)
    if (unique_key(t) == unique_key(0)) same.push_back(t);
  s.table.let_in(same[0]);
  s.claim(same[0], 1);
  REQUIRE(s.table.letting_go(same[0], 1, true));
  s.table.let_in(same[1]);
  s.claim(same[2], 2);
  REQUIRE(s.table.letting_go(same[2], 2, true));
  s.table.let_in(same[2]);  // told so after it had ended
  REQUIRE(!s.table.failed());
  s.table.let_in(same[3]);
  CHECK(s.told("held unique key"));
}
