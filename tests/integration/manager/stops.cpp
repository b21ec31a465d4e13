// What a stop does with what is under way.
#include <condition_variable>
#include <latch>
#include <mutex>
#include <thread>

#include "fixture.hpp"
#include "wrapped.hpp"

using namespace penstock;

TEST_CASE("a claim that is under way when the stop comes is waited for, and given back uncharged") {
  std::latch claimed(1), stopping(1);
  std::atomic<int> claims{0};
  Between between;
  between.after = [&](const Exchange& x, Result<Exchanged>& answer) {
    if (x.claim.empty() || !answer || answer->leased.empty() || ++claims > 1) return;
    claimed.count_down();
    stopping.wait();
  };
  Store store("memory");
  Options o = store.options();
  o.plugins = {wrapped_plugin(between)};
  o.backend = {.use = "wrapped"};
  auto tasks = TaskManager::open(o);
  std::atomic<int> ran{0};
  tasks.handle<Job>([&](const Job&) { ++ran; });
  auto ref = tasks.enqueue(Job{});
  tasks.start();
  claimed.wait();
  bool clean = false;
  std::jthread stop([&] { clean = tasks.stop_graceful(10s); });
  CHECK_THROWS_AS(([&] {
                    for (;;) tasks.submit([] {});
                  }()),
                  Exception);  // until the stop has begun
  stopping.count_down();
  stop.join();
  CHECK(clean);
  auto info = tasks.info(ref);
  REQUIRE(info);
  CHECK(info->status == Status::queued);
  CHECK(info->failures + info->crashes == 0);
  CHECK(ran == 0);
}
