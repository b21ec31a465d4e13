// Calls that fail, or of which nobody knows whether they did.
#include <algorithm>

#include "unit/durable/engine_lab.hpp"

using namespace penstock;
using namespace penstock::durable;

TEST_CASE("what a failed call carried is sent again, in its old order, before what came later") {
  Errc code = GENERATE(Errc::unavailable, Errc::unknown_outcome, Errc::internal, Errc::resource_exhausted);
  EngineLab lab;
  std::vector<Task*> tasks = lab.claim({leased(1), leased(2), leased(3)});
  for (Task* t : tasks) lab.engine.start(*t, lab.now);
  lab.settle(*tasks[0]);
  lab.settle(*tasks[1]);
  Plan plan = lab.flush();
  lab.settle(*tasks[2]);
  lab.answer(plan, failure(code));
  CHECK(lab.engine.errors() == 1);
  CHECK(lab.engine.unsettled() == 3);
  CHECK(lab.engine.held() == 3);
  CHECK_FALSE(lab.plans(lab.busy(true), plan));
  REQUIRE(lab.engine.plan_at() == lab.engine.not_before());
  lab.now = *lab.engine.plan_at();
  Plan again = lab.flush();
  CHECK(numbers(again.tasks) == Numbers{1, 2, 3});
  lab.answer(again);
  CHECK(lab.changes.settled.size() == 3);
  CHECK(lab.engine.quiet());
}

TEST_CASE(
    "the pause after errors doubles up to a bound, is drawn from its upper half, and ends with the first answer") {
  EngineLab lab;
  Plan plan;
  Millis expected = 50ms;
  for (int n = 0; n < 12; ++n) {
    REQUIRE(lab.plans(lab.idle(), plan));
    lab.answer(plan, failure());
    const auto pause = lab.engine.not_before() - lab.now;
    CHECK(pause >= expected / 2);
    CHECK(pause <= expected);
    CHECK_FALSE(lab.plans(lab.idle(), plan));
    CHECK_FALSE(lab.engine.wants(lab.now, lab.idle()));
    expected = std::min(expected * 2, Millis(5000));
    lab.now = lab.engine.not_before();
  }
  CHECK(lab.engine.errors() == 12);
  REQUIRE(lab.plans(lab.idle(), plan));
  lab.answer(plan);
  lab.engine.ring();
  REQUIRE(lab.plans(lab.idle(), plan));
  lab.answer(plan, failure());
  CHECK(lab.engine.not_before() - lab.now <= 50ms);
}

TEST_CASE("what one server of several did not answer is sent again after a pause, and the others go on") {
  EngineLab lab;
  std::vector<Task*> tasks = lab.claim({leased(1), leased(2), leased(3)});
  for (Task* t : tasks) lab.engine.start(*t, lab.now);
  lab.settle(*tasks[0]);
  lab.settle(*tasks[1]);
  Plan plan = lab.flush();
  Exchanged x;
  x.settled = {Item::unknown, Item::ok};
  lab.answer(plan, std::move(x));
  CHECK(numbers(lab.changes.settled) == Numbers{2});
  CHECK(lab.changes.lost.empty());
  CHECK(lab.engine.unsettled() == 1);
  CHECK(!lab.engine.quiet());
  CHECK(lab.engine.not_before() <= lab.now);  // claims, and what else is to be said, wait for nothing
  lab.settle(*tasks[2]);
  Plan other = lab.flush();
  CHECK(numbers(other.tasks) == Numbers{3});
  lab.answer(other);
  REQUIRE(lab.engine.plan_at());
  CHECK(*lab.engine.plan_at() > lab.now);
  CHECK(*lab.engine.plan_at() <= lab.now + 50ms);
  CHECK_FALSE(lab.plans(lab.busy(), other));
  lab.now = *lab.engine.plan_at();
  Plan again;
  REQUIRE(lab.plans(lab.busy(), again));
  CHECK(numbers(again.tasks) == Numbers{1});
  lab.answer(again);
  CHECK(numbers(lab.changes.settled) == Numbers{1});
  CHECK(lab.engine.quiet());
}

TEST_CASE("the pause of what one server does not answer grows, whatever the others answer meanwhile") {
  EngineOptions options = lab_options();
  options.in_flight = 2;
  EngineLab lab(options);
  std::vector<Task*> tasks;
  for (unsigned n = 1; n <= 9; ++n) tasks.push_back(&lab.run(leased(n, n)));
  lab.settle(*tasks[0]);
  Plan away = lab.flush();
  Millis expected = 50ms;
  for (std::size_t n = 1; n < 8; ++n) {
    lab.settle(*tasks[n]);
    Plan other = lab.flush();
    lab.answer(other);  // while the other is under way
    CHECK(numbers(lab.changes.settled) == Numbers{static_cast<unsigned>(n + 1)});
    lab.answer(away, Item::unknown);
    REQUIRE(lab.engine.plan_at());
    const auto pause = *lab.engine.plan_at() - lab.now;
    CHECK(pause >= expected / 2);
    CHECK(pause <= expected);
    expected = std::min(expected * 2, Millis(5000));
    lab.now = *lab.engine.plan_at();
    away = lab.flush();
  }
  lab.answer(away);
  lab.settle(*tasks[8]);
  away = lab.flush();
  lab.answer(away, Item::unknown);
  CHECK(*lab.engine.plan_at() - lab.now <= 50ms);  // it began anew
}

TEST_CASE("what one server does not answer makes the pause grow when it is sent again, not when there is more of it") {
  EngineOptions options = lab_options();
  options.in_flight = 3;
  options.max_batch = 4;  // it takes three calls to send all of it again
  EngineLab lab(options);
  std::vector<Task*> tasks;
  for (unsigned n = 1; n <= 9; ++n) tasks.push_back(&lab.run(leased(n, n)));
  std::optional<Instant> first;
  for (Task* t : tasks) {
    lab.settle(*t);
    Plan plan = lab.flush();
    lab.answer(plan, Item::unknown);
    if (!first) first = lab.engine.plan_at();
    REQUIRE(lab.engine.plan_at());
    CHECK(*lab.engine.plan_at() <= *first);  // what was put off before has its time
    CHECK(*lab.engine.plan_at() - lab.now <= 50ms);
    lab.now += 1ms;
  }
  Millis expected = 100ms;
  for (int times = 0; times < 3; ++times) {
    lab.now = *lab.engine.plan_at();
    Plan again[3];
    for (Plan& plan : again) plan = lab.flush();
    Instant at = Instant::max();
    for (Plan& plan : again) {
      lab.answer(plan, Item::unknown);
      REQUIRE(lab.engine.plan_at());
      CHECK(*lab.engine.plan_at() <= at);
      at = *lab.engine.plan_at();
      CHECK(at - lab.now >= expected / 2);
      CHECK(at - lab.now <= expected);
    }
    expected *= 2;
  }
}

TEST_CASE("a suspect whose mark one server did not answer waits for it, and is marked again") {
  EngineLab lab;
  lab.claim({crashed(1)});
  Plan plan = lab.flush();
  lab.answer(plan, Item::unknown);
  CHECK(lab.changes.startable.empty());
  REQUIRE(lab.engine.plan_at());
  lab.now = *lab.engine.plan_at();
  Plan again;
  REQUIRE(lab.plans(lab.busy(), again));
  REQUIRE(again.settle.size() == 1);
  CHECK(again.settle[0].to == State::leased);
  lab.answer(again);
  CHECK(numbers(lab.changes.startable) == Numbers{1});
}

TEST_CASE("a claim that failed is made again") {
  EngineLab lab;
  Plan plan;
  REQUIRE(lab.plans(lab.idle(2), plan));
  lab.answer(plan, failure(Errc::unknown_outcome));
  CHECK_FALSE(lab.engine.claiming());
  CHECK(lab.engine.maybe_work(lab.now));
  lab.now = lab.engine.not_before();
  REQUIRE(lab.plans(lab.idle(2), plan));
  CHECK(plan.limit == 2);
}

TEST_CASE("an answer that does not fit its question is an error, and believed in nothing") {
  EngineLab lab;
  lab.settle(lab.run(leased(1)));
  lab.engine.ring();
  Plan plan;
  REQUIRE(lab.plans(lab.idle(), plan));
  Exchanged odd;
  odd.leased = {leased(2, 2)};
  SECTION("too few") {}
  SECTION("too many") { odd.settled.assign(2, Item::ok); }
  lab.answer(plan, std::move(odd));
  CHECK(lab.engine.errors() == 1);
  CHECK(lab.changes.settled.empty());
  CHECK(lab.changes.startable.empty());
  CHECK(lab.engine.held() == 1);
}

TEST_CASE("progress whose call failed is sent again, unless something newer is to be said") {
  EngineLab lab;
  Task& task = lab.run(leased(1));
  lab.engine.mark_progress(task, "half", lab.now);
  Plan plan = lab.flush();
  SECTION("again") {
    lab.answer(plan, failure());
    lab.now = lab.engine.not_before();
    CHECK(lab.flush().settle[0].note == "half");
  }
  SECTION("newer progress") {
    lab.engine.mark_progress(task, "more", lab.now);
    lab.answer(plan, failure());
    lab.now = lab.engine.not_before();
    Plan again = lab.flush();
    REQUIRE(again.settle.size() == 1);
    CHECK(again.settle[0].note == "more");
  }
  SECTION("its end") {
    lab.settle(task);
    lab.answer(plan, failure());
    lab.now = lab.engine.not_before();
    Plan again = lab.flush();
    REQUIRE(again.settle.size() == 1);
    CHECK(again.settle[0].to == State::succeeded);
  }
}

TEST_CASE("a task that was lost while its call was under way is not spoken of again") {
  EngineLab lab;
  Task& task = lab.run(leased(1));
  lab.engine.mark_begun(task, lab.now);
  Plan plan = lab.flush();
  lab.now += 1s;
  REQUIRE(lab.expired() == Numbers{1});
  lab.forget();
  SECTION("no answer") { lab.answer(plan, failure(Errc::unknown_outcome)); }
  SECTION("accepted") { lab.answer(plan); }
  SECTION("refused") { lab.answer(plan, Item::lease_lost); }
  CHECK(lab.changes.lost.empty());
  lab.engine.handler_returned(task);
  lab.now = std::max(lab.now, lab.engine.not_before());
  CHECK_FALSE(lab.plans(lab.busy(true), plan));
  CHECK(lab.engine.held() == 0);
  CHECK(lab.engine.quiet());
}

TEST_CASE("the same seed draws the same pauses") {
  auto pauses = [] {
    EngineLab lab;
    std::vector<std::int64_t> out;
    Plan plan;
    for (int n = 0; n < 8; ++n) {
      REQUIRE(lab.plans(lab.idle(), plan));
      lab.answer(plan, failure());
      out.push_back((lab.engine.not_before() - lab.now).count());
      lab.now = lab.engine.not_before();
    }
    return out;
  };
  CHECK(pauses() == pauses());
}
