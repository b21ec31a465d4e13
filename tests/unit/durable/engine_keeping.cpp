// Leases: extended in time, given up by this process's own clock before others may have them.
#include "unit/durable/engine_lab.hpp"

using namespace penstock;
using namespace penstock::durable;

namespace {

struct Keeping : EngineLab {
  Extension extension;
  bool extends(bool all = false) { return engine.extensions(now, all, extension); }
  void answer_extension(Result<Exchanged> said) {
    changes.clear();
    engine.extended(extension, said, now, changes);
  }
  void extended(Item what = Item::ok, std::vector<TaskId> stop = {}) {
    Exchanged x;
    for (std::size_t i = 0; i < extension.held.size(); ++i) x.extended.push_back({what, stop});
    answer_extension(std::move(x));
  }
};

}  // namespace

TEST_CASE("a batch is extended at a third of its life, once at a time") {
  Keeping lab;
  lab.run(leased(1, 5));
  CHECK_FALSE(lab.extends());
  lab.now += 332ms;
  CHECK_FALSE(lab.extends());
  lab.now += 1ms;
  REQUIRE(lab.extends());
  REQUIRE(lab.extension.held.size() == 1);
  CHECK(lab.extension.held[0].queue == "q");
  CHECK(lab.extension.held[0].epoch == 5);
  Extension second;
  CHECK_FALSE(lab.engine.extensions(lab.now, true, second));
  lab.extended();
  CHECK_FALSE(lab.extends());
  lab.now += 334ms;
  CHECK(lab.extends());
}

TEST_CASE("when a cancel may be wanted, every batch is asked after") {
  Keeping lab;
  lab.run(leased(1, 5));
  lab.run(leased(2, 6));
  CHECK(lab.extends(true));
  CHECK(lab.extension.held.size() == 2);
}

TEST_CASE("a batch of which everything is settled is not extended") {
  Keeping lab;
  lab.settle(lab.run(leased(1)));
  Plan plan = lab.flush();
  lab.answer(plan);
  lab.now += 500ms;
  CHECK_FALSE(lab.extends(true));
}

TEST_CASE("an extension counts from when it was sent; one that failed is tried again soon") {
  Keeping lab;
  lab.run(leased(1));
  lab.now += 400ms;
  REQUIRE(lab.extends());
  lab.now += 100ms;  // under way
  SECTION("accepted") {
    lab.extended();
    lab.now += 799ms;  // 900 ms after it was sent: a tenth of the lease is left for the way
    CHECK(lab.expired().empty());
    lab.now += 1ms;
    CHECK(lab.expired() == Numbers{1});
  }
  SECTION("failed") {
    Exchanged garbage;
    garbage.extended.resize(2);
    Exchanged unknown;
    unknown.extended = {{Item::unknown, {}}};
    switch (GENERATE(0, 1, 2)) {
      case 0:
        lab.answer_extension(failure(Errc::unknown_outcome));
        break;
      case 1:
        lab.answer_extension(garbage);
        break;
      default:
        lab.answer_extension(unknown);
    }
    CHECK_FALSE(lab.extends());
    lab.now += 50ms;
    CHECK(lab.extends());
    lab.now += 350ms;
    CHECK(lab.expired() == Numbers{1});
    lab.extended();  // too late: it is lost
    CHECK(lab.engine.held() == 0);
  }
}

TEST_CASE("a task whose lease has lapsed never starts, and one that runs is to stop") {
  Keeping lab;
  std::vector<Task*> tasks = lab.claim({leased(1), leased(2)});
  REQUIRE(lab.engine.start(*tasks[0], lab.now));
  lab.now += 899ms;
  CHECK(lab.expired().empty());
  lab.now += 1ms;
  CHECK_FALSE(lab.engine.start(*tasks[1], lab.now));
  CHECK(lab.expired() == Numbers{1, 2});
  CHECK(tasks[0]->stop_wanted);
  CHECK_FALSE(lab.engine.start(*tasks[1], lab.now));
  lab.forget();
  lab.settle(*tasks[0]);  // its handler comes back
  lab.engine.handler_returned(*tasks[0]);
  Plan plan;
  CHECK_FALSE(lab.plans(lab.busy(true), plan));
  CHECK(lab.engine.held() == 0);
}

TEST_CASE("the life of a lease counts from when the claim was sent") {
  Keeping lab;
  Plan plan;
  REQUIRE(lab.plans(lab.idle(), plan));
  lab.now += 950ms;
  lab.answer(plan, Item::ok, {leased(1)});
  REQUIRE(lab.changes.startable.size() == 1);
  CHECK_FALSE(lab.engine.start(*lab.changes.startable[0], lab.now));
}

TEST_CASE("what is being settled is not lost by time: the store decides whether it counts") {
  Keeping lab;
  Task& task = lab.run(leased(1));
  lab.settle(task);
  lab.now += 5s;
  CHECK(lab.expired().empty());
  Plan plan = lab.flush();
  lab.answer(plan);
  CHECK(numbers(lab.changes.settled) == Numbers{1});
}

TEST_CASE("a batch that the store knows no more is lost but for what is being settled, and asked after no more") {
  Keeping lab;
  std::vector<Task*> tasks = lab.claim({leased(1), leased(2), leased(3)});
  lab.engine.start(*tasks[0], lab.now);
  lab.engine.start(*tasks[1], lab.now);
  lab.settle(*tasks[1]);
  REQUIRE(lab.extends(true));
  lab.extended(Item::lease_lost);
  CHECK(numbers(lab.changes.lost) == Numbers{1, 3});
  CHECK(lab.engine.held() == 1);
  lab.now += 400ms;
  CHECK_FALSE(lab.extends(true));
}

TEST_CASE("a cancel reaches a task wherever it stands") {
  Keeping lab;
  SECTION("running: its handler is to stop") {
    Task& task = lab.run(leased(1));
    REQUIRE(lab.extends(true));
    lab.extended(Item::ok, {id(1)});
    CHECK(numbers(lab.changes.stop) == Numbers{1});
    CHECK(task.stop_wanted);
  }
  SECTION("waiting for a worker: the shell takes it out, and it ends without having run") {
    Task& task = *lab.claim({leased(1)})[0];
    REQUIRE(lab.extends(true));
    lab.extended(Item::ok, {id(1)});
    REQUIRE(numbers(lab.changes.stop) == Numbers{1});
    lab.engine.cancel(task, lab.now);
    Plan plan = lab.flush();
    CHECK(plan.settle[0].to == State::cancelled);
    CHECK(plan.settle[0].charge == Charge::none);
    CHECK(plan.settle[0].keep == kKeepForever);
    lab.answer(plan);
    CHECK(numbers(lab.changes.settled) == Numbers{1});
  }
  SECTION("parked") {
    lab.claim({leased(2, 1, 1), leased(1, 1, 1)});
    REQUIRE(lab.extends(true));
    lab.extended(Item::ok, {id(1)});
    CHECK(lab.engine.parked() == 0);
    Plan plan = lab.flush();
    REQUIRE(numbers(plan.tasks) == Numbers{2, 1});
    CHECK(plan.settle[1].to == State::cancelled);
  }
  SECTION("its mark under way") {
    lab.claim({crashed(1)});
    Plan mark = lab.flush();
    REQUIRE(lab.extends(true));
    lab.extended(Item::ok, {id(1)});
    CHECK(lab.changes.stop.empty());
    lab.answer(mark);
    CHECK(lab.changes.startable.empty());
    Plan plan = lab.flush();
    CHECK(plan.settle[0].to == State::cancelled);
    CHECK(plan.settle[0].charge == Charge::none);  // the mark has charged it
  }
  SECTION("being settled: too late") {
    lab.settle(lab.run(leased(1)));
    REQUIRE(lab.extends(true));
    lab.extended(Item::ok, {id(1)});
    CHECK(lab.changes.stop.empty());
    CHECK(lab.flush().settle[0].to == State::succeeded);
  }
}

TEST_CASE("no more batches are extended in one call than the backend takes") {
  EngineOptions o = lab_options();
  o.max_batch = 3;
  Keeping lab;
  lab.engine = LeaseEngine(o);
  lab.engine.set_queues({{"q", 1}});
  for (unsigned n = 1; n <= 5; ++n) lab.run(leased(n, n));
  REQUIRE(lab.extends(true));
  CHECK(lab.extension.held.size() == 3);
  Extension rest;
  REQUIRE(lab.engine.extensions(lab.now, true, rest));
  CHECK(rest.held.size() == 2);
}

TEST_CASE("losing everything in the middle of an extension is safe, whichever comes first") {
  Keeping lab;
  lab.run(leased(1));
  REQUIRE(lab.extends(true));
  lab.now += 1s;
  CHECK(lab.expired() == Numbers{1});
  lab.forget();
  lab.extended(GENERATE(Item::ok, Item::lease_lost));
  CHECK(lab.changes.lost.empty());
  CHECK_FALSE(lab.extends(true));
}
