// Handlers that do not come back: their tasks are settled without them, their places are taken by others,
// and when too many are stuck nothing new is leased.
#include <atomic>
#include <latch>
#include <mutex>
#include <thread>

#include "fixture.hpp"

using namespace penstock;

namespace {

// Handlers of "deaf" hang until they are let go, each in its own way, and never look at their stop token.
struct Deaf {
  std::latch release{1};
  std::atomic<bool> released{false};
  std::mutex mutex;
  std::unique_lock<std::mutex> held{mutex};

  void let_go() {
    if (released.exchange(true)) return;
    held.unlock();
    release.count_down();
  }
  void hang(int way) {
    switch (way % 3) {
      case 0:
        return release.wait();
      case 1:
        while (!released) std::this_thread::yield();  // spins
        return;
      default:
        std::lock_guard lock(mutex);  // a deadlock, as long as the test likes
    }
  }
  ~Deaf() { let_go(); }
};

struct Lab {
  Deaf deaf;
  Store store{"memory"};
  std::atomic<int> ran{0};
  Options options(unsigned threads, unsigned max_stuck) {
    Options o = store.options();
    o.threads = threads;
    o.max_stuck = max_stuck;
    o.grace = 10ms;
    o.log_level = Level::error;
    return o;
  }
  TaskManager open(const Options& o) {
    auto tasks = TaskManager::open(o);
    tasks.handle<Job>([this](const Job& job) {
      if (job.name == "deaf") deaf.hang(job.number);
      ++ran;
    });
    return tasks;
  }
};

const EnqueueOptions kShort{.retries = 0, .timeout = 10ms};

}  // namespace

TEST_CASE("a stuck thread's place is taken by another") {
  Lab lab;
  auto tasks = lab.open(lab.options(1, 4));
  tasks.start();
  for (int way = 0; way < 3; ++way) {
    auto stuck = tasks.await(tasks.enqueue(Job{"deaf", way}, kShort), 20s);
    REQUIRE(stuck);
    CHECK(stuck->status == Status::timed_out);
    CHECK(stuck->error.find("did not return within the grace period") != std::string::npos);
    CHECK(tasks.await(tasks.enqueue(Job{"quick"}), 20s)->status == Status::succeeded);
  }
  CHECK(tasks.metrics().stuck_threads == 3);
  lab.deaf.let_go();
  CHECK(tasks.drain() == 0);
  CHECK(tasks.metrics().stuck_threads == 0);
  CHECK(lab.ran == 6);  // those that were stuck came back, to nobody
  CHECK(tasks.metrics().total.completed == 3);
}

TEST_CASE("at the cap nothing new is leased, until somebody comes back") {
  Lab lab;
  auto tasks = lab.open(lab.options(2, 2));
  tasks.start();
  auto one = tasks.enqueue(Job{"deaf", 0}, kShort), two = tasks.enqueue(Job{"deaf", 1}, kShort);
  CHECK(tasks.await(one, 20s)->status == Status::timed_out);
  CHECK(tasks.await(two, 20s)->status == Status::timed_out);
  auto waits = tasks.enqueue(Job{"quick"});
  CHECK_FALSE(tasks.await(waits, 100ms));
  CHECK(tasks.info(waits)->status == Status::queued);
  CHECK(tasks.metrics().stuck_threads == 2);
  lab.deaf.let_go();
  CHECK(tasks.await(waits, 20s)->status == Status::succeeded);
  CHECK(tasks.drain() == 0);
}

TEST_CASE("closures that do not come back are given up too, and never run twice at a time") {
  Lab lab;
  auto tasks = lab.open(lab.options(1, 4));
  std::atomic<int> runs{0};
  auto stuck = tasks.submit([&] { ++runs, lab.deaf.hang(0); }, {.retries = 5, .backoff = 1ms, .timeout = 10ms});
  CHECK(tasks.await(stuck.ref(), 20s)->status == Status::timed_out);
  CHECK(tasks.submit([] { return 7; }).get(20s) == 7);
  auto cancelled = tasks.submit([&] { lab.deaf.hang(1); }, {.timeout = 0ms});
  while (tasks.info(cancelled.ref())->status != Status::running) std::this_thread::yield();
  CHECK(tasks.cancel(cancelled.ref()) == Cancelled::requested);
  CHECK(tasks.await(cancelled.ref(), 20s)->status == Status::cancelled);
  CHECK(tasks.metrics().stuck_threads == 2);
  lab.deaf.let_go();
  CHECK(tasks.drain() == 0);
  CHECK(runs == 1);
}

TEST_CASE("a stop leaves stuck handlers behind and says so; their tasks go back uncharged") {
  Lab lab;
  Options o = lab.options(2, 4);
  o.stop_timeout = 20ms;
  std::latch running(1);
  auto tasks = TaskManager::open(o);
  tasks.handle<Job>([&](const Job&) {
    running.count_down();
    lab.deaf.hang(2);
  });
  auto ref = tasks.enqueue(Job{"deaf"}, {.timeout = 0ms});
  int status = 0;
  std::jthread run([&] { status = tasks.run(); });
  running.wait();
  tasks.request_stop();
  run.join();
  CHECK(status == 75);
  auto info = tasks.info(ref);
  REQUIRE(info);
  CHECK(info->status == Status::queued);
  CHECK(info->failures + info->crashes == 0);
  CHECK_FALSE(tasks.stop_graceful(1s));
  CHECK_FALSE(tasks.stop_now());
  lab.deaf.let_go();
  await_stuck(tasks);
}
