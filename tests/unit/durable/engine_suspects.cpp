// Tasks that may be what kills processes: marked first, one at a time, and buried when it is enough.
#include "durable/envelope.hpp"
#include "unit/durable/engine_lab.hpp"

using namespace penstock;
using namespace penstock::durable;

TEST_CASE("a suspect starts only after the store has committed its mark, which charges its crash") {
  struct Case {
    Leased task;
    Charge charge;
  };
  auto [task, charge] = GENERATE(values<Case>(
      {{crashed(1), Charge::crash}, {leased(1, 1, 0, true, false), Charge::none}, {leased(1, 1, 2), Charge::none}}));
  EngineLab lab;
  CHECK(lab.claim({task}).empty());
  Plan plan;
  REQUIRE(lab.plans(lab.busy(), plan));  // at once, whatever its age
  REQUIRE(plan.settle.size() == 1);
  CHECK(plan.settle[0].to == State::leased);
  CHECK(plan.settle[0].charge == charge);
  lab.answer(plan);
  REQUIRE(numbers(lab.changes.startable) == Numbers{1});
  CHECK(lab.engine.start(*lab.changes.startable[0], lab.now));
}

TEST_CASE("suspects run one at a time, in the order in which they came") {
  EngineLab lab;
  lab.claim({leased(1, 1, 1), leased(2, 1, 1), leased(3, 1, 1)});
  CHECK(lab.engine.parked() == 2);
  Plan plan = lab.flush();
  for (unsigned n : {1u, 2u, 3u}) {
    CHECK(plan.settle.size() == (n == 1 ? 1 : 2));  // the last one's end, and the next one's mark
    lab.answer(plan);
    REQUIRE(numbers(lab.changes.startable) == Numbers{n});
    Task& task = *lab.changes.startable[0];
    CHECK(lab.engine.start(task, lab.now));
    CHECK_FALSE(lab.plans(lab.busy(true), plan));  // the others wait until it is done
    lab.settle(task, n == 2 ? State::ready : State::succeeded);
    plan = lab.flush();
  }
  lab.answer(plan);
  CHECK(lab.engine.held() == 0);
}

TEST_CASE("a suspect that comes while another one runs waits too") {
  EngineLab lab;
  lab.claim({leased(1, 1, 1)});
  Plan mark = lab.flush();
  lab.answer(mark);
  REQUIRE(lab.engine.start(*lab.changes.startable.at(0), lab.now));
  CHECK(lab.claim({leased(2, 2, 1)}).empty());
  CHECK_FALSE(lab.plans(lab.busy(true), mark));
  CHECK(lab.engine.parked() == 1);
}

TEST_CASE("a suspect that is lost, or given back, lets the next one have its turn") {
  EngineLab lab;
  lab.claim({leased(1, 1, 1), leased(2, 1, 1), leased(3, 1, 1)});
  Plan mark = lab.flush();
  lab.answer(mark, Item::lease_lost);
  CHECK(numbers(lab.changes.lost) == Numbers{1});
  mark = lab.flush();
  lab.answer(mark);
  REQUIRE(numbers(lab.changes.startable) == Numbers{2});
  lab.engine.release(*lab.changes.startable[0], 0ms, lab.now);
  Plan both = lab.flush();
  CHECK(numbers(both.tasks) == Numbers{2, 3});
  lab.answer(both);
  CHECK(numbers(lab.changes.startable) == Numbers{3});
}

TEST_CASE("a mark of which nobody knows the outcome is sent again, and the suspect waits") {
  EngineLab lab;
  lab.claim({crashed(1)});
  Plan mark = lab.flush();
  lab.answer(mark, failure(Errc::unknown_outcome));
  CHECK(lab.changes.startable.empty());
  lab.now = lab.engine.not_before();
  Plan again = lab.flush();
  CHECK(again.settle[0].to == State::leased);
  CHECK(again.settle[0].charge == Charge::crash);  // the store counts it once
  lab.answer(again);
  CHECK(numbers(lab.changes.startable) == Numbers{1});
}

TEST_CASE("a task that has used up its crashes is buried with its reason, and is nobody's suspect") {
  EngineLab lab;
  Note before;
  before.error = "disk is odd";
  Leased guilty = crashed(1, 1, 2);
  guilty.note = encode(before);
  CHECK(lab.claim({guilty, leased(2, 1, 1)}).empty());
  Plan plan = lab.flush();
  REQUIRE(plan.settle.size() == 2);
  CHECK(plan.settle[0].to == State::dead);
  CHECK(plan.settle[0].charge == Charge::crash);
  CHECK(plan.settle[0].keep == kKeepForever);
  const Note note = decode_note(plan.settle[0].note);
  CHECK(note.error == "poison: the process died in this task 3 times; error before that: disk is odd");
  CHECK(plan.settle[1].to == State::leased);  // the other one's turn is not taken
  lab.answer(plan);
  CHECK(numbers(lab.changes.settled) == Numbers{1});
  CHECK(numbers(lab.changes.startable) == Numbers{2});
}

TEST_CASE("one that comes back from the queue with its crashes used up is buried too, and charged no more") {
  EngineLab lab;
  lab.claim({leased(1, 1, 3)});
  Plan plan = lab.flush();
  CHECK(plan.settle[0].to == State::dead);
  CHECK(plan.settle[0].charge == Charge::none);
}

TEST_CASE("a lapse without a mark, and one crash too few, bury nobody") {
  EngineLab lab;
  lab.claim({leased(1, 1, 2, true, false)});
  CHECK(lab.flush().settle[0].to == State::leased);
  EngineLab other;
  other.claim({crashed(1, 1, 1)});
  CHECK(other.flush().settle[0].to == State::leased);
}

TEST_CASE("of several that bring a crash, one is next, and the others are given back with theirs") {
  EngineLab lab;
  lab.claim({crashed(1), crashed(2), leased(3, 1, 0, true, false), crashed(4, 1, 1)});
  Plan plan = lab.flush();
  REQUIRE(numbers(plan.tasks) == Numbers{1, 2, 4});
  CHECK(plan.settle[0].to == State::leased);
  for (std::size_t i : {1u, 2u}) {
    CHECK(plan.settle[i].to == State::ready);
    CHECK(plan.settle[i].charge == Charge::crash);
    CHECK_FALSE(plan.settle[i].unstarted);  // it did start, in the process that died
  }
  CHECK(lab.engine.parked() == 1);
}

TEST_CASE("a suspect given back is charged once, with its mark or with its return") {
  EngineLab lab;
  lab.claim({crashed(1), leased(2, 1, 0, true, false)});
  Plan mark = lab.flush();
  CHECK(mark.settle[0].charge == Charge::crash);
  lab.answer(mark);
  for (Task* t : lab.engine.parked_tasks()) lab.engine.release(*t, 0ms, lab.now);
  lab.engine.release(*lab.changes.startable[0], 0ms, lab.now);
  Plan plan = lab.flush();
  REQUIRE(numbers(plan.tasks) == Numbers{2, 1});
  for (const Settlement& s : plan.settle) CHECK(s.charge == Charge::none);
  CHECK(plan.settle[0].unstarted);
  CHECK_FALSE(plan.settle[1].unstarted);
  lab.answer(plan);
  CHECK(lab.engine.held() == 0);
}

TEST_CASE("suspects that wait for their turn keep no worker from other work, but nobody hoards them") {
  EngineOptions o = lab_options();
  o.batch = 64;
  EngineLab lab(o);
  std::vector<Leased> suspects;
  for (unsigned n = 1; n <= 40; ++n) suspects.push_back(leased(n, 1, 1));
  lab.claim(suspects);
  CHECK(lab.engine.parked() == 39);
  Plan plan;
  lab.engine.ring();
  REQUIRE(lab.plans(lab.idle(2), plan));
  CHECK(plan.limit == 2);
  lab.answer(plan);
  for (unsigned n = 41; n <= 80; ++n) suspects[n - 41] = leased(n, 2, 1);
  lab.claim(suspects);
  lab.engine.ring();
  CHECK_FALSE(lab.engine.wants(lab.now, lab.idle(2)));
}
