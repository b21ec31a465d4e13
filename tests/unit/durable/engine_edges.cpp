// What comes up once in a million exchanges: answers that are late, tasks that are gone, stores that say little.
#include "unit/durable/engine_lab.hpp"

using namespace penstock;
using namespace penstock::durable;

namespace {

EngineOptions two_at_once() {
  EngineOptions o = lab_options();
  o.in_flight = 2;
  return o;
}

}  // namespace

TEST_CASE("without a seed, pauses are drawn all the same") {
  EngineOptions o = lab_options();
  o.seed = 0;
  EngineLab lab(o);
  Plan plan;
  REQUIRE(lab.plans(lab.idle(), plan));
  lab.answer(plan, failure());
  CHECK(lab.engine.not_before() - lab.now >= 25ms);
  CHECK(lab.engine.not_before() - lab.now <= 50ms);
}

TEST_CASE("whatever is answered to a mark after the task's end was decided, only its end is sent") {
  EngineLab lab(two_at_once());
  Task& task = lab.run(leased(1));
  lab.engine.mark_begun(task, lab.now);
  Plan mark = lab.flush();
  lab.settle(task);
  lab.answer(mark, GENERATE(Item::unknown, Item::ok, Item::lease_lost));
  CHECK(lab.changes.lost.empty());
  lab.now += 1s;
  Plan end = lab.flush();
  REQUIRE(end.settle.size() == 1);
  CHECK(end.settle[0].to == State::succeeded);
}

TEST_CASE("a task that is lost while it is listed is freed when the list is sent, and not spoken of") {
  EngineLab lab;
  Task& task = lab.run(leased(1));
  lab.engine.mark_begun(task, lab.now);
  lab.now += 1s;
  (void)lab.expired();
  lab.forget();
  lab.engine.handler_returned(task);
  CHECK(lab.engine.unsettled() == 1);
  Plan plan = lab.flush();
  CHECK(plan.settle.empty());
  lab.answer(plan);
  CHECK(lab.engine.quiet());
}

TEST_CASE("nothing is said of a task that does not run, or not any more") {
  EngineLab lab;
  std::vector<Task*> tasks = lab.claim({leased(1), leased(2), leased(3)});
  Plan plan;
  lab.engine.mark_begun(*tasks[0], lab.now);  // it has not started
  lab.engine.mark_progress(*tasks[0], "half", lab.now);
  CHECK(lab.engine.unsettled() == 0);
  REQUIRE(lab.engine.start(*tasks[1], lab.now));
  lab.settle(*tasks[1]);
  plan = lab.flush();
  lab.answer(plan);
  lab.settle(*tasks[1]);  // it is gone
  CHECK(lab.engine.unsettled() == 0);
  lab.now += 1s;
  CHECK(lab.expired() == Numbers{1, 3});  // not the one that is gone, whose handler is still inside
  lab.engine.mark_begun(*tasks[2], lab.now);
  lab.engine.mark_progress(*tasks[2], "half", lab.now);
  CHECK(lab.engine.unsettled() == 0);
}

TEST_CASE("a batch of which all is settled while it is being extended is no work for the clock") {
  EngineLab lab;
  Task& task = lab.run(leased(1));
  Extension extension;
  REQUIRE(lab.engine.extensions(lab.now, true, extension));
  lab.settle(task);
  Plan plan = lab.flush();
  lab.answer(plan);
  lab.now += 1s;
  CHECK(lab.expired().empty());
}

TEST_CASE("a suspect that waits for its turn is lost with its batch, and the others stay") {
  EngineLab lab;
  lab.claim({leased(1, 1, 1), leased(2, 2, 1)});
  REQUIRE(lab.engine.parked() == 1);
  Extension extension;
  REQUIRE(lab.engine.extensions(lab.now, true, extension));
  REQUIRE(extension.held.size() == 2);
  Exchanged x;
  x.extended = {{Item::ok, {}}, {Item::lease_lost, {}}};
  lab.changes.clear();
  lab.engine.extended(extension, std::move(x), lab.now, lab.changes);
  CHECK(numbers(lab.changes.lost) == Numbers{2});
  CHECK(lab.engine.parked() == 0);
  CHECK(lab.engine.held() == 1);
}

TEST_CASE("of two batches only the one whose time is over has lapsed") {
  EngineLab lab;
  lab.claim({leased(1, 1)});
  lab.now += 500ms;
  lab.claim({leased(2, 2)});
  lab.now += 500ms;
  CHECK(lab.expired() == Numbers{1});
}

TEST_CASE("the mark of a suspect leaves at once, other settlements when they are old") {
  EngineLab lab;
  Plan plan;
  lab.claim({leased(1, 1, 1)});
  CHECK(lab.engine.plan_at() == lab.now);
  REQUIRE(lab.plans(lab.busy(), plan));
  CHECK_FALSE(lab.engine.plan_at());
  lab.engine.ring();
  CHECK_FALSE(lab.engine.wants(lab.now, lab.idle()));  // one exchange at a time
  lab.answer(plan);
  CHECK(lab.engine.wants(lab.now, lab.idle()));
  Task& task = *lab.changes.startable.at(0);
  REQUIRE(lab.engine.start(task, lab.now));
  lab.settle(task);
  CHECK_FALSE(lab.plans(lab.busy(), plan));
  CHECK(lab.engine.plan_at() == lab.now + 1ms);
}

TEST_CASE("a batch is of one queue and one epoch, whatever comes in one answer") {
  EngineLab lab;
  lab.engine.set_queues({{"q", 1}, {"r", 1}});
  Leased other = leased(2);
  other.queue = "r";
  lab.claim({leased(1), other, leased(3, 2)});
  Extension extension;
  REQUIRE(lab.engine.extensions(lab.now, true, extension));
  REQUIRE(extension.held.size() == 3);
  CHECK(extension.held[0].queue != extension.held[1].queue);
}

TEST_CASE("a claim may bring tasks of a queue that is served no more, and of those it has marked begun") {
  EngineLab lab;
  Plan plan;
  REQUIRE(lab.plans(lab.idle(2), plan));
  lab.engine.set_queues({{"r", 1}});
  lab.answer(plan, Item::ok, {leased(1, 1, 0, false, true), leased(2)});
  REQUIRE(lab.changes.startable.size() == 2);
  CHECK(lab.changes.startable[0]->begun);
  CHECK_FALSE(lab.changes.startable[1]->begun);
}

TEST_CASE("a store that keeps work for workers that can start it at once is asked for none ahead, for a while") {
  EngineLab lab;
  lab.run(leased(1));
  lab.engine.ran(1ms);
  lab.engine.ring();
  Plan plan;
  REQUIRE(lab.plans(lab.idle(), plan));
  REQUIRE(plan.ahead > 0);
  Exchanged x;
  SECTION("it says that there is some") {
    x.next_due = Millis(0);
    lab.answer(plan, std::move(x));
    CHECK(lab.engine.maybe_work(lab.now));
    REQUIRE(lab.plans(lab.idle(), plan));
    CHECK(plan.ahead == 0);
    lab.answer(plan);
    lab.now += 10ms;
    lab.engine.ring();
    REQUIRE(lab.plans(lab.idle(), plan));
    CHECK(plan.ahead > 0);
  }
  SECTION("it says that some is due later") {
    x.next_due = Millis(5);
    lab.answer(plan, std::move(x));
    CHECK_FALSE(lab.engine.maybe_work(lab.now));
    CHECK(lab.engine.work_at() == lab.now + 5ms);
  }
}

TEST_CASE("how much is asked for ahead hangs on how long many handlers took, not on the last one") {
  EngineLab lab;
  lab.engine.ring();
  Plan plan;
  REQUIRE(lab.plans(lab.idle(), plan));
  lab.now += 1ms;  // the round trip
  lab.answer(plan, Item::ok, {leased(1)});
  REQUIRE(lab.engine.start(*lab.changes.startable.at(0), lab.now));
  for (int i = 0; i < 100; ++i) lab.engine.ran(300us);
  lab.engine.ran(900us);
  lab.engine.ring();
  REQUIRE(lab.plans(lab.idle(), plan));
  CHECK(plan.ahead == 5);  // two trips of a millisecond, by handlers of 340 us
}

TEST_CASE("after an error time alone brings no work before the pause is over") {
  EngineLab lab;
  const std::vector<Task*> tasks = lab.claim({leased(1)});
  lab.engine.start(*tasks[0], lab.now);
  lab.engine.expect_work(lab.now + 5ms);
  lab.settle(*tasks[0]);
  Plan plan = lab.flush();
  REQUIRE(plan.limit == 0);
  lab.answer(plan, failure());
  lab.now += 10ms;
  CHECK(lab.engine.work_at() == lab.engine.not_before());
  CHECK(lab.engine.work_at() > lab.now);
  lab.now += 1s;
  lab.engine.expect_work(lab.now);
  CHECK(lab.engine.work_at() == lab.engine.not_before());  // due since then
}

TEST_CASE("of two times at which there will be work the first counts") {
  EngineLab lab;
  const Millis expected = GENERATE(Millis(3), Millis(8));
  Plan plan;
  REQUIRE(lab.plans(lab.idle(), plan));
  lab.engine.expect_work(lab.now + expected);  // while the claim is under way
  Exchanged x;
  x.next_due = Millis(5);
  lab.answer(plan, std::move(x));
  CHECK(lab.engine.work_at() == lab.now + std::min(expected, Millis(5)));
}

TEST_CASE("the pause of what a server did not answer goes on growing until all of it is answered") {
  EngineLab lab;
  std::vector<Task*> tasks = lab.claim({leased(1), leased(2)});
  for (Task* t : tasks) lab.engine.start(*t, lab.now), lab.settle(*t);
  Plan plan = lab.flush();
  lab.answer(plan, Item::unknown);
  lab.now += 50ms;
  plan = lab.flush();
  REQUIRE(plan.tasks.size() == 2);
  Exchanged x;
  x.settled = {Item::ok, Item::unknown};
  lab.answer(plan, std::move(x));
  CHECK(numbers(lab.changes.settled) == Numbers{1});
  CHECK(lab.engine.plan_at() > lab.now);
  CHECK_FALSE(lab.plans(lab.busy(true), plan));
  lab.now += 49ms;  // half of the second pause, at the least, is over; of the first one all of it
  CHECK(lab.engine.unsettled() == 1);
  lab.now += 51ms;
  CHECK(numbers(lab.flush().tasks) == Numbers{2});
}

TEST_CASE("what a failed call carried is urgent as long as the mark of a suspect is in it") {
  EngineLab lab;
  Task& other = *lab.claim({leased(1), leased(2, 1, 1)})[0];
  lab.engine.start(other, lab.now);
  lab.settle(other);
  Plan plan = lab.flush();
  REQUIRE(plan.tasks.size() == 2);
  lab.answer(plan, failure());
  lab.now = lab.engine.not_before();
  CHECK(lab.plans(lab.busy(), plan));  // though nobody waits, and it is not old
  CHECK(plan.tasks.size() == 2);
}

TEST_CASE("of many tasks that have ended, some are kept to be used again") {
  EngineOptions o = lab_options();
  o.batch = o.max_batch = 1100;
  EngineLab lab(o);
  std::vector<Leased> many;
  for (unsigned n = 0; n < 1100; ++n) many.push_back(leased(n % 200));
  for (int round = 0; round < 2; ++round) {
    std::vector<Task*> tasks = lab.claim(many);
    REQUIRE(tasks.size() == 1100);
    for (Task* t : tasks) lab.engine.start(*t, lab.now), lab.settle(*t), lab.engine.handler_returned(*t);
    Plan plan = lab.flush();
    lab.answer(plan);
    REQUIRE(lab.changes.settled.size() == 1100);
    lab.forget();
    CHECK(lab.engine.held() == 0);
  }
}
