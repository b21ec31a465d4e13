// When the lease engine claims, how much, and from where.
#include <map>

#include "unit/durable/engine_lab.hpp"

using namespace penstock;
using namespace penstock::durable;

TEST_CASE("an idle worker's claim is for as many as can start, marked begun at once") {
  EngineLab lab;
  Plan plan;
  REQUIRE(lab.plans(lab.idle(3), plan));
  CHECK(plan.limit == 3);
  CHECK(plan.begin == 3);
  CHECK(plan.ahead == 0);
  const Exchange x = plan.exchange(lab.engine.options());
  CHECK(x.claim.size() == 1);
  CHECK(x.claim[0].quota == 3);
  CHECK(x.lease == 1000ms);
  CHECK(x.worker == "w");
  lab.answer(plan, Item::ok, {leased(1), leased(2)});
  CHECK(numbers(lab.changes.startable) == Numbers{1, 2});
  CHECK(lab.engine.held() == 2);
}

TEST_CASE("an exchange has no more tasks than the batch, nor the backend's") {
  EngineOptions o = lab_options();
  o.batch = 100, o.max_batch = 5;
  EngineLab lab(o);
  Plan plan;
  REQUIRE(lab.plans(lab.idle(64), plan));
  CHECK(plan.limit == 5);
}

TEST_CASE("nothing is claimed while nothing can be there") {
  EngineLab lab;
  Plan plan;
  REQUIRE(lab.plans(lab.idle(), plan));
  Exchanged empty;
  empty.next_due = 500ms;
  empty.bell = 7;
  lab.answer(plan, empty);
  CHECK(lab.engine.bell() == 7);
  CHECK_FALSE(lab.plans(lab.idle(), plan));
  CHECK(lab.engine.work_at() == lab.now + 500ms);
  lab.now += 499ms;
  CHECK_FALSE(lab.engine.wants(lab.now, lab.idle()));
  lab.now += 1ms;
  CHECK(lab.engine.wants(lab.now, lab.idle()));
  REQUIRE(lab.plans(lab.idle(), plan));
  lab.answer(plan);
  CHECK_FALSE(lab.plans(lab.idle(), plan));
  lab.engine.ring();
  CHECK(lab.plans(lab.idle(), plan));
}

TEST_CASE("a claim that was filled is followed by another; work expected earlier counts") {
  EngineLab lab;
  Plan plan;
  lab.claim({leased(1)});
  REQUIRE(lab.plans(lab.idle(), plan));
  Exchanged empty;
  empty.next_due = 500ms;
  lab.answer(plan, empty);
  lab.engine.expect_work(lab.now + 900ms);
  CHECK(lab.engine.work_at() == lab.now + 500ms);
  lab.engine.expect_work(lab.now + 100ms);
  CHECK(lab.engine.work_at() == lab.now + 100ms);
}

TEST_CASE("a bell that rings while a claim is under way is not lost") {
  EngineLab lab;
  Plan plan;
  REQUIRE(lab.plans(lab.idle(), plan));
  CHECK(lab.engine.claiming());
  lab.engine.ring();
  lab.answer(plan);
  CHECK_FALSE(lab.engine.claiming());
  CHECK(lab.plans(lab.idle(), plan));
}

TEST_CASE("a task that is due beyond any program's life is not waited for") {
  EngineLab lab;
  Plan plan;
  REQUIRE(lab.plans(lab.idle(), plan));
  Exchanged empty;
  empty.next_due = Millis::max();
  lab.answer(plan, empty);
  CHECK(lab.engine.work_at() == Instant::max());
}

TEST_CASE("nothing is claimed by who may not, without queues, or beyond the exchanges allowed at once") {
  EngineLab lab;
  Plan plan, second;
  Demand stopping = lab.idle();
  stopping.claims = false;
  CHECK_FALSE(lab.plans(stopping, plan));
  REQUIRE(lab.plans(lab.idle(2), plan));
  CHECK_FALSE(lab.plans(lab.idle(8), second));
  lab.answer(plan);
  lab.engine.ring();
  lab.engine.set_queues({});
  CHECK_FALSE(lab.plans(lab.idle(), plan));
}

TEST_CASE("what is on its way to a worker is not claimed for again, nor marked begun for it") {
  EngineOptions o = lab_options();
  o.in_flight = 3;
  EngineLab lab(o);
  Plan first, second;
  REQUIRE(lab.plans(lab.idle(3), first));
  lab.engine.ring();
  CHECK_FALSE(lab.plans(lab.idle(3), second));
  Demand more = lab.idle(5);
  more.ahead = 1;
  REQUIRE(lab.plans(more, second));
  CHECK(second.limit == 1);
  CHECK(second.begin == 1);
}

TEST_CASE("workers that a claim under way will serve are not free for the next claim") {
  EngineOptions o = lab_options();
  o.in_flight = 2;
  EngineLab lab(o);
  Plan first, second;
  REQUIRE(lab.plans(lab.idle(2), first));
  lab.now += 2ms;
  lab.answer(first, Item::ok, {leased(1), leased(2)});
  lab.engine.ran(1ms);
  REQUIRE(lab.plans(lab.idle(2), first));
  CHECK(first.begin == 2);
  lab.engine.ring();
  REQUIRE(lab.plans(lab.idle(2), second));
  CHECK(second.limit == 2);
  CHECK(second.begin == 0);
  CHECK(second.ahead == 2);
}

TEST_CASE("fast handlers are leased ahead for two round trips, and that is said; slow ones are not") {
  EngineLab lab;
  Plan plan;
  REQUIRE(lab.plans(lab.idle(2), plan));
  lab.now += 2ms;  // a round trip
  lab.answer(plan, Item::ok, {leased(1), leased(2)});
  lab.engine.ran(1ms);
  REQUIRE(lab.plans(lab.idle(2), plan));  // 2 idle and 2 * 2 ms * 2 threads / 1 ms ahead: the batch
  CHECK(plan.limit == 8);
  CHECK(plan.begin == 2);
  CHECK(plan.ahead == 6);
  lab.answer(plan);
  lab.engine.ring();
  for (int i = 0; i < 100; ++i) lab.engine.ran(50ms);
  REQUIRE(lab.plans(lab.idle(2), plan));
  CHECK(plan.limit == 2);
  CHECK(plan.ahead == 0);
}

TEST_CASE("what is leased ahead is refilled when half of it is used up") {
  EngineLab lab;
  Plan plan;
  REQUIRE(lab.plans(lab.idle(2), plan));
  lab.now += 2ms;
  lab.answer(plan, Item::ok, {leased(1), leased(2)});
  lab.engine.ran(1ms);
  Demand d;
  d.threads = 2;
  d.ahead = 5;  // of 8
  CHECK_FALSE(lab.engine.wants(lab.now, d));
  d.ahead = 4;
  CHECK(lab.engine.wants(lab.now, d));
}

TEST_CASE("where a limiter decides when tasks start, none is leased ahead, and none is marked begun by its claim") {
  EngineLab lab;
  Plan plan;
  Demand d = lab.idle(2);
  d.lease_ahead = false;
  REQUIRE(lab.plans(d, plan));
  CHECK(plan.limit == 2);
  CHECK(plan.begin == 0);
  lab.now += 2ms;
  lab.answer(plan, Item::ok, {leased(1), leased(2)});
  lab.engine.ran(1ms);
  d.ahead = 2;
  CHECK_FALSE(lab.plans(d, plan));
}

TEST_CASE("claims share between queues by weight, over time, whatever the size of a claim") {
  for (std::uint32_t workers : {1u, 2u, 8u}) {
    EngineLab lab;
    lab.engine.set_queues({{"a", 6}, {"b", 3}, {"c", 1}});
    std::map<std::string, int> got;
    for (int round = 0; round < 1000; ++round) {
      Plan plan;
      lab.engine.ring();
      REQUIRE(lab.plans(lab.idle(workers), plan));
      const Exchange x = plan.exchange(lab.engine.options());
      std::uint32_t quotas = 0;
      Exchanged out;
      for (const Share& s : x.claim) {
        quotas += s.quota;
        for (std::uint32_t n = 0; n < s.quota; ++n) {
          Leased l = leased(1, static_cast<Epoch>(round + 1));
          l.queue = s.queue;
          ++got[l.queue];
          out.leased.push_back(l);
        }
      }
      REQUIRE(quotas == x.limit);
      lab.answer(plan, std::move(out));
      for (Task* task : lab.changes.startable) {
        lab.engine.start(*task, lab.now);
        lab.engine.settle(*task, lab.now);
        lab.engine.handler_returned(*task);
      }
      Plan settle = lab.flush();
      lab.answer(settle);
      lab.forget();
    }
    const int all = got["a"] + got["b"] + got["c"];
    CHECK(got["a"] == Approx(all * 0.6).epsilon(0.02));
    CHECK(got["b"] == Approx(all * 0.3).epsilon(0.02));
    CHECK(got["c"] == Approx(all * 0.1).epsilon(0.05));
    CHECK(lab.engine.held() == 0);
  }
}

TEST_CASE("a queue that had nothing for long does not take everything when it has") {
  EngineLab lab;
  lab.engine.set_queues({{"a", 1}, {"b", 1}});
  for (int round = 0; round < 1000; ++round) {  // only `a` has tasks
    Plan plan;
    lab.engine.ring();
    REQUIRE(lab.plans(lab.idle(2), plan));
    Leased l = leased(1, static_cast<Epoch>(round + 1));
    l.queue = "a";
    lab.answer(plan, Item::ok, {l});
  }
  int a = 0, b = 0;
  for (int round = 0; round < 100; ++round) {
    Plan plan;
    lab.engine.ring();
    REQUIRE(lab.plans(lab.idle(2), plan));
    Exchanged out;
    for (const Share& s : plan.exchange(lab.engine.options()).claim) {
      for (std::uint32_t n = 0; n < s.quota; ++n) {
        Leased l = leased(1, static_cast<Epoch>(2000 + round));
        l.queue = s.queue;
        ++(s.queue == "a" ? a : b);
        out.leased.push_back(l);
      }
    }
    lab.answer(plan, std::move(out));
  }
  CHECK(a >= 80);
  CHECK(b <= 120);
}

TEST_CASE("a queue that is held is left out of claims until its time, and then it is work") {
  EngineLab lab;
  lab.engine.set_queues({{"a", 1}, {"b", 1}});
  lab.engine.hold("a", lab.now + 500ms);
  lab.engine.hold("unknown", lab.now + 500ms);
  Plan plan;
  REQUIRE(lab.plans(lab.idle(4), plan));
  Exchange x = plan.exchange(lab.engine.options());
  REQUIRE(x.claim.size() == 1);
  CHECK(x.claim[0].queue == "b");
  CHECK(x.claim[0].quota == 4);
  lab.answer(plan);
  CHECK_FALSE(lab.plans(lab.idle(4), plan));
  CHECK(lab.engine.work_at() == lab.now + 500ms);
  lab.engine.set_queues({{"a", 1}, {"b", 1}});  // known queues stay as they were
  lab.engine.ring();
  REQUIRE(lab.plans(lab.idle(4), plan));
  CHECK(plan.claim.size() == 1);
  lab.answer(plan);
  lab.now += 500ms;
  REQUIRE(lab.plans(lab.idle(4), plan));
  CHECK(plan.claim.size() == 2);
}

TEST_CASE("while every queue is held nothing is claimed, and nothing is forgotten") {
  EngineLab lab;
  lab.engine.hold("q", lab.now + 500ms);
  Plan plan;
  CHECK_FALSE(lab.plans(lab.idle(), plan));
  CHECK(lab.engine.maybe_work(lab.now));
  lab.now += 500ms;
  CHECK(lab.plans(lab.idle(), plan));
}
