// What the lease engine says about its tasks, and what the answers mean.
#include "durable/envelope.hpp"
#include "unit/durable/engine_lab.hpp"

using namespace penstock;
using namespace penstock::durable;

TEST_CASE("a settlement says what the shell decided, and is told once the store has accepted it") {
  EngineLab lab;
  Task& task = lab.run(leased(1, 9));
  task.charge = Charge::failure;
  task.delay = 3s;
  task.note = "note";
  lab.settle(task, State::ready);
  CHECK(lab.engine.unsettled() == 1);
  Plan plan = lab.flush();
  REQUIRE(plan.settle.size() == 1);
  const Settlement& s = plan.settle[0];
  CHECK(s.key.queue == "q");
  CHECK(s.key.id == id(1));
  CHECK(s.epoch == 9);
  CHECK(s.to == State::ready);
  CHECK(s.charge == Charge::failure);
  CHECK(s.delay == 3s);
  CHECK(s.note == "note");
  CHECK_FALSE(s.unstarted);
  CHECK(lab.engine.unsettled() == 1);
  CHECK_FALSE(lab.engine.quiet());
  lab.answer(plan);
  CHECK(numbers(lab.changes.settled) == Numbers{1});
  CHECK(lab.engine.unsettled() == 0);
  CHECK(lab.engine.held() == 0);
  CHECK(lab.engine.quiet());
}

TEST_CASE("a settlement rides with the next exchange, leaves by itself when it is old, or when many wait") {
  EngineLab lab;
  Plan plan;
  Task& task = lab.run(leased(1));
  lab.settle(task);
  CHECK(lab.engine.plan_at() == lab.now + 1ms);
  CHECK_FALSE(lab.plans(lab.busy(), plan));
  SECTION("its age") {
    lab.now += 1ms;
    CHECK(lab.plans(lab.busy(), plan));
  }
  SECTION("a worker leads") { CHECK(lab.plans(lab.idle(), plan)); }
  SECTION("the shell wants it out") { CHECK(lab.plans(lab.busy(true), plan)); }
  SECTION("a batch is full") {
    for (unsigned n = 2; n <= 8; ++n) lab.settle(lab.run(leased(n, n)));  // the claims take them along
    lab.engine.ring();
    Plan first;
    REQUIRE(lab.plans(lab.busy(true), first));
    lab.answer(first);
    std::vector<Task*> tasks = lab.claim({leased(11, 99), leased(12, 99), leased(13, 99), leased(14, 99),
                                          leased(15, 99), leased(16, 99), leased(17, 99), leased(18, 99)});
    for (Task* t : tasks) {
      CHECK_FALSE(lab.plans(lab.busy(), plan));
      lab.engine.start(*t, lab.now);
      lab.settle(*t);
    }
    CHECK(lab.plans(lab.busy(), plan));
    CHECK(plan.settle.size() == 8);
  }
}

TEST_CASE("of settlements that wait the first says when they leave") {
  EngineLab lab;
  std::vector<Task*> tasks = lab.claim({leased(1), leased(2)});
  for (Task* t : tasks) lab.engine.start(*t, lab.now);
  lab.now += 10ms;
  const Instant first = lab.now;
  lab.settle(*tasks[0]);
  lab.now += 600us;
  lab.settle(*tasks[1]);
  CHECK(lab.engine.plan_at() == first + 1ms);
}

TEST_CASE("a settlement that the store refuses is a lost task, and not told as an end") {
  for (Item said : {Item::lease_lost, Item::not_found, Item::invalid}) {
    EngineLab lab;
    lab.settle(lab.run(leased(1)));
    Plan plan = lab.flush();
    lab.answer(plan, said);
    CHECK(lab.changes.settled.empty());
    CHECK(numbers(lab.changes.lost) == Numbers{1});
    CHECK(lab.engine.held() == 0);
  }
}

TEST_CASE("a retry that met a cancel is told as cancelled") {
  EngineLab lab;
  lab.settle(lab.run(leased(1)), State::ready);
  Plan plan = lab.flush();
  lab.answer(plan, Item::requested);
  CHECK(numbers(lab.changes.cancelled) == Numbers{1});
  CHECK(lab.changes.settled.empty());
}

TEST_CASE("a task given back costs nothing: it did not start") {
  EngineLab lab;
  Task& task = *lab.claim({leased(1)})[0];
  lab.engine.release(task, 200ms, lab.now);
  Plan plan = lab.flush();
  CHECK(plan.settle[0].to == State::ready);
  CHECK(plan.settle[0].charge == Charge::none);
  CHECK(plan.settle[0].delay == 200ms);
  CHECK(plan.settle[0].unstarted);
}

TEST_CASE("children go with their parent's settlement") {
  EngineLab lab;
  Task& task = lab.run(leased(1));
  task.children.push_back({"q", "child", "body", id(7), -1, 5});
  lab.settle(task);
  Plan plan = lab.flush();
  REQUIRE(plan.settle[0].children.size() == 1);
  const NewTask& child = plan.settle[0].children[0];
  CHECK(child.key.id == id(7));
  CHECK(child.kind == "child");
  CHECK(child.body == "body");
  CHECK(child.priority == -1);
  CHECK(child.weight == 5);
}

TEST_CASE("only the first settlement of a task counts") {
  EngineLab lab;
  Task& task = lab.run(leased(1));
  lab.settle(task, State::succeeded);
  lab.engine.settle(task, lab.now);
  lab.engine.mark_progress(task, "late", lab.now);
  lab.engine.mark_begun(task, lab.now);
  Plan plan = lab.flush();
  REQUIRE(plan.settle.size() == 1);
  CHECK(plan.settle[0].to == State::succeeded);
  lab.answer(plan);
  CHECK_FALSE(lab.plans(lab.busy(true), plan));
}

TEST_CASE("a running task is marked begun once, and its progress is stored as it comes") {
  EngineLab lab;
  Task& task = lab.run(leased(1));
  lab.engine.mark_begun(task, lab.now);
  lab.engine.mark_begun(task, lab.now);
  Plan plan = lab.flush();
  REQUIRE(plan.settle.size() == 1);
  CHECK(plan.settle[0].to == State::leased);
  CHECK(plan.settle[0].charge == Charge::none);
  CHECK(plan.settle[0].note.empty());
  lab.answer(plan);
  lab.engine.mark_progress(task, "a third", lab.now);
  lab.engine.mark_progress(task, "half", lab.now);
  Plan second = lab.flush();
  REQUIRE(second.settle.size() == 1);
  CHECK(second.settle[0].note == "half");
  lab.engine.mark_progress(task, "more", lab.now);  // while the last one is under way
  CHECK(second.settle[0].note == "half");
  lab.answer(second);
  CHECK(lab.engine.held() == 1);
  Plan third = lab.flush();
  CHECK(third.settle[0].note == "more");
}

TEST_CASE("a mark that is answered after the task's end says nothing any more") {
  EngineOptions o = lab_options();
  o.in_flight = 2;
  EngineLab lab(o);
  Task& task = lab.run(leased(1));
  lab.engine.mark_begun(task, lab.now);
  Plan mark = lab.flush();
  lab.settle(task);
  Plan end = lab.flush();
  lab.answer(end);
  CHECK(numbers(lab.changes.settled) == Numbers{1});
  lab.forget();
  lab.engine.handler_returned(task);
  lab.answer(mark, GENERATE(Item::ok, Item::lease_lost));
  CHECK(lab.changes.lost.empty());
  CHECK(lab.engine.held() == 0);
  CHECK(lab.engine.quiet());
}

TEST_CASE("a mark that is refused is a lost task, whose handler is to stop") {
  EngineLab lab;
  Task& task = lab.run(leased(1));
  lab.engine.mark_begun(task, lab.now);
  Plan plan = lab.flush();
  lab.answer(plan, Item::lease_lost);
  REQUIRE(numbers(lab.changes.lost) == Numbers{1});
  CHECK(task.stop_wanted);
  lab.forget();
  lab.settle(task);  // its handler comes back: nothing is said
  lab.engine.handler_returned(task);
  CHECK_FALSE(lab.plans(lab.busy(true), plan));
  CHECK(lab.engine.held() == 0);
}
