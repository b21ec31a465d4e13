// The stepper that drives a manager by hand, without a cluster around it.
#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <penstock/stepper.hpp>

#include "fickle.hpp"
#include "shop.hpp"

namespace {

using penstock::Stepper;
using penstock::TaskManager;
using penstock::testing::FakeClock;

// A manager on a clock that the test moves, and on a store that has its moods.
struct OnFickleStore {
  static penstock::Options options(penstock::Clock& clock) {
    penstock::Options out = penstock::testing::quiet_options();
    out.clock = &clock;
    return out;
  }
  FakeClock clock;
  Trouble trouble;
  TaskManager store = TaskManager::open(options(clock));
  TaskManager tasks = TaskManager::open(options(clock), std::make_unique<Fickle>(store.backend(), trouble));
};

void run_all(Stepper& stepper) {
  while (stepper.step() != Stepper::Did::nothing) {
  }
}

TEST_CASE("stepper: drives a manager on any clock, and only one that has not been started") {
  penstock::Options options = penstock::testing::quiet_options();
  auto tasks = TaskManager::open(options);
  int ran = 0;
  tasks.handle<Pay>([&](const Pay&) { ++ran; });
  Stepper stepper(tasks);
  tasks.start();  // changes nothing
  tasks.enqueue(Pay{1});
  while (stepper.step() != Stepper::Did::nothing) {
  }
  CHECK(ran == 1);
  CHECK_FALSE(stepper.next());
  CHECK_FALSE(stepper.beat());
  tasks.enqueue(Pay{2}, {.delay = 1h});
  CHECK(stepper.step() == Stepper::Did::nothing);
  REQUIRE(stepper.next());
  CHECK(*stepper.next() > std::chrono::steady_clock::now() + 59min);
  CHECK(tasks.stop_graceful(1s));
  CHECK(stepper.step() == Stepper::Did::nothing);

  auto started = TaskManager::open(options);
  started.handle<Pay>([](const Pay&) {});
  started.start();
  CHECK_THROWS_AS(Stepper(started), penstock::Exception);
}

TEST_CASE("stepper: a handler cannot step its own manager") {
  auto tasks = TaskManager::open(penstock::testing::quiet_options());
  Stepper* stepper = nullptr;
  std::string why;
  tasks.handle<Pay>([&](const Pay&) { why = refusal([&] { stepper->step(); }); });
  Stepper made(tasks);
  stepper = &made;
  tasks.enqueue(Pay{1});
  while (made.step() != Stepper::Did::nothing) {
  }
  CHECK(why.find("step() runs handlers") == 0);
}

TEST_CASE("stepper: a full queue that blocks throws instead of waiting") {
  penstock::Options options = penstock::testing::quiet_options();
  options.local_limit = 1;
  options.local_if_full = penstock::IfFull::block;
  auto tasks = TaskManager::open(options);
  penstock::Results results = tasks.results();  // from before it was stepped
  Stepper stepper(tasks);
  int ran = 0;
  tasks.submit([&ran] { ++ran; });
  CHECK(refusal([&] { tasks.submit([&ran] { ++ran; }); }).find("stepped by hand") != std::string::npos);
  run_all(stepper);
  tasks.submit([&ran] { ++ran; });
  run_all(stepper);
  CHECK(ran == 2);
  CHECK((results.next(1h) && results.next(1h)));
  CHECK(refusal([&] { results.next(1h); }).find("stepped by hand") != std::string::npos);
  stepper.abandon();
  CHECK(results.closed());
}

TEST_CASE("stepper: a stop while the store fails is a stop, and says that something is not settled") {
  OnFickleStore on;
  on.tasks.handle<Pay>([&](const Pay&) { on.trouble.with = {penstock::Call::exchange}; });
  penstock::Results results = on.tasks.results();
  Stepper stepper(on.tasks);
  const auto ref = on.tasks.enqueue(Pay{1});
  while (on.trouble.with.empty()) stepper.step();
  SECTION("at once") { CHECK_FALSE(on.tasks.stop_graceful(1s)); }
  SECTION("in the time that the store is left in peace after an error") {
    stepper.step();
    CHECK_FALSE(on.tasks.stop_now());
  }
  CHECK(results.closed());
  CHECK(stepper.step() == Stepper::Did::nothing);
  CHECK(on.tasks.stop_graceful(1s));  // it has stopped
  CHECK(on.store.info(ref)->status == penstock::Status::running);
}

TEST_CASE("stepper: steps do not extend leases each time, beats do") {
  OnFickleStore on;
  int ran = 0;
  on.tasks.handle<Pay>([&](const Pay&) {
    ++ran;
    on.clock.advance(1ms);
  });
  Stepper stepper(on.tasks);
  for (int order = 0; order < 50; ++order) on.tasks.enqueue(Pay{order});
  run_all(stepper);
  CHECK(ran == 50);
  CHECK(on.trouble.extensions <= 4);
  on.tasks.enqueue(Pay{50});
  on.tasks.enqueue(Pay{51});
  while (ran == 50) stepper.step();  // the other one is leased as well
  const unsigned before = on.trouble.extensions;
  CHECK(stepper.beat());
  CHECK(stepper.beat());
  CHECK(on.trouble.extensions == before + 2);
}

TEST_CASE("stepper: a cancel is heard of by beats, and by steps before long") {
  OnFickleStore on;
  std::vector<int> ran;
  on.tasks.handle<Pay>([&](const Pay& job) {
    ran.push_back(job.order);
    on.clock.advance(1ms);
  });
  Stepper stepper(on.tasks);
  on.tasks.enqueue(Pay{1});
  run_all(stepper);  // from here on it knows how long they take, and leases ahead
  on.tasks.enqueue(Pay{2});
  const auto ref = on.tasks.enqueue(Pay{3});
  while (ran.size() < 2) stepper.step();
  CHECK(on.store.cancel(ref) == penstock::Cancelled::requested);
  SECTION("a beat") { stepper.beat(); }
  SECTION("a step") { on.clock.advance(20ms); }
  run_all(stepper);
  CHECK(ran == std::vector{1, 2});
  CHECK(on.store.info(ref)->status == penstock::Status::cancelled);
}

TEST_CASE("stepper: the pauses after errors of the store are the same in every run of a seed, and end") {
  auto pauses_after = [](std::uint64_t seed) {
    OnFickleStore on;
    int ran = 0;
    on.tasks.handle<Pay>([&](const Pay&) { ++ran; });
    Stepper stepper(on.tasks, seed);
    on.tasks.enqueue(Pay{1});
    on.trouble.with = {penstock::Call::exchange};
    std::vector<penstock::Clock::Instant::duration> pauses;
    for (int times = 0; times < 6; ++times) {
      run_all(stepper);
      REQUIRE(stepper.next());
      pauses.push_back(*stepper.next() - on.clock.now());
      on.clock.advance(std::chrono::ceil<penstock::Millis>(pauses.back()));
    }
    on.trouble.with.clear();
    run_all(stepper);
    CHECK(ran == 1);
    return pauses;
  };
  const auto pauses = pauses_after(1);
  CHECK(pauses_after(1) == pauses);
  CHECK(pauses_after(2) != pauses);
}

TEST_CASE("stepper: a manager whose stepper could not be made can be started, or stepped later") {
  OnFickleStore on;
  std::atomic<int> ran = 0;
  const penstock::DeclaredLimit two{"bank", penstock::Limit{.running = 2}};
  on.tasks.add_handler(penstock::job<Pay>, penstock::make_handler<Pay>([&](const Pay&) { ++ran; }), {two});
  on.trouble.with = {penstock::Call::limit};
  CHECK_THROWS_AS(Stepper(on.tasks), penstock::Exception);
  on.trouble.with.clear();
  SECTION("started") {
    on.tasks.start();
    const auto ref = on.tasks.enqueue(Pay{1});
    CHECK(on.tasks.await(ref, penstock::Millis::max())->status == penstock::Status::succeeded);
    CHECK_THROWS_AS(Stepper(on.tasks), penstock::Exception);
  }
  SECTION("stepped") {
    Stepper stepper(on.tasks);
    on.tasks.enqueue(Pay{1});
    run_all(stepper);
  }
  CHECK(ran == 1);
}

TEST_CASE("stepper: what is called after an enqueue may take its own place") {
  auto tasks = TaskManager::open(penstock::testing::quiet_options());
  tasks.handle<Pay>([](const Pay&) {});
  Stepper stepper(tasks);
  std::string calls;
  stepper.when_accepted([&calls, &stepper, own = std::string(100, 'x')] {
    stepper.when_accepted([&calls] { calls += "second "; });
    calls += own.substr(0, 1) + " first ";
  });
  tasks.enqueue(Pay{1});
  tasks.submit([] {});
  CHECK(calls == "x first second ");
}

TEST_CASE("stepper: a handler may destroy the manager; it is stopped when the handler has returned") {
  std::optional<TaskManager> tasks;
  std::optional<Stepper> stepper;
  bool with_stepper = GENERATE(false, true);
  bool asked = false;
  int ran = 0, dropped = 0;
  tasks.emplace(TaskManager::open(penstock::testing::quiet_options()));
  tasks->handle<Pay>([&](penstock::Context& ctx, const Pay&) {
    ++ran;
    const std::stop_token stop = ctx.stop_token();
    tasks.reset();
    if (with_stepper) stepper.reset();
    asked = stop.stop_requested();
  });
  penstock::Hooks hooks;
  hooks.on_finish = [&](const penstock::TaskEvent&) { ++dropped; };
  tasks->add_hooks(hooks);
  penstock::Results results = tasks->results();
  stepper.emplace(*tasks);
  tasks->enqueue(Pay{1});
  tasks->enqueue(Pay{2});
  while (ran == 0) stepper->step();
  CHECK(asked);
  CHECK(dropped == 1);       // its end reached the store
  CHECK(results.next(0ms));  // and those who listened
  CHECK(results.closed());   // for the manager has stopped
  CHECK(ran == 1);
}

TEST_CASE("stepper: a hook may destroy the manager") {
  std::optional<TaskManager> tasks(TaskManager::open(penstock::testing::quiet_options()));
  tasks->handle<Pay>([](const Pay&) {});
  penstock::Hooks hooks;
  hooks.on_finish = [&](const penstock::TaskEvent&) { tasks.reset(); };
  tasks->add_hooks(hooks);
  penstock::Results results = tasks->results();
  Stepper stepper(*tasks);
  tasks->enqueue(Pay{1});
  while (tasks) stepper.step();
  CHECK(results.next(0ms));
  CHECK(results.closed());
  CHECK(stepper.step() == Stepper::Did::nothing);
}

}  // namespace
