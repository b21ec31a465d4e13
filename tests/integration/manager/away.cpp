// What a manager does while its store refuses: it waits.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include <penstock/testing.hpp>

#include "fixture.hpp"
#include "wrapped.hpp"

using namespace penstock;

namespace {

// Stands still, and tells how long so many looks take. Who waits by it looks again after 2 ms.
class Watched final : public Clock {
 public:
  Instant now() noexcept override { return look(), clock_.now(); }
  Time wall() noexcept override { return look(), clock_.wall(); }
  Millis boot() noexcept override { return look(), clock_.boot(); }
  void advance(Millis by) { clock_.advance(by); }
  std::chrono::steady_clock::duration time_of(int looks) {
    const auto start = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex_);
    over_ = false;
    left_ = looks;
    expect(end_.wait_for(lock, 60s, [this] { return over_; }));
    return std::chrono::steady_clock::now() - start;
  }

 private:
  void look() {
    if (--left_ != 0) return;
    const std::lock_guard lock(mutex_);
    over_ = true;
    end_.notify_all();
  }

  testing::FakeClock clock_;
  std::atomic<int> left_ = 0;
  std::mutex mutex_;
  std::condition_variable end_;
  bool over_ = false;  // guarded
};

}  // namespace

// The bell has rung for a claim that failed, and would be answered at once each time.
TEST_CASE("while the store is away a worker waits for the end of its pause, and not for the bell") {
  Between between;
  testing::FakeClock clock;  // stands still: so does the pause
  std::mutex mutex;
  std::set<std::thread::id> workers;
  std::atomic<bool> away = false, failed = false;
  std::atomic<int> listened = 0, kept = 0;
  std::promise<void> long_enough;
  between.before = [&](const Exchange& x) -> Result<void> {
    if (x.claim.empty()) return {};
    const std::lock_guard lock(mutex);
    workers.insert(std::this_thread::get_id());
    if (!away) return {};
    failed = true;
    return Error{Errc::unavailable, "away", true};
  };
  between.before_wait = [&] {
    if (!failed) return;
    const std::lock_guard lock(mutex);
    if (workers.contains(std::this_thread::get_id())) {
      ++listened;
    } else if (++kept == 20) {  // a few milliseconds each
      long_enough.set_value();
    }
  };
  Options o = wrapped_options(between);
  o.threads = 1;
  o.clock = &clock;
  auto tasks = TaskManager::open(o);
  std::promise<void> ran[2];
  std::atomic<int> runs = 0;
  tasks.handle(Policy{.kind = "either"}, [&](Context&) { ran[runs++].set_value(); });
  tasks.start();
  tasks.enqueue_bytes({.kind = "either"}, "");
  REQUIRE(ran[0].get_future().wait_for(10s) == std::future_status::ready);
  away = true;
  tasks.enqueue_bytes({.kind = "either"}, "");
  REQUIRE(long_enough.get_future().wait_for(10s) == std::future_status::ready);
  CHECK(listened == 0);
  away = false;
  clock.advance(1s);
  CHECK(ran[1].get_future().wait_for(10s) == std::future_status::ready);
  CHECK(tasks.stop_graceful(10s));
}

// Whatever it is that fails: a thread that has nothing to wait for would look at the clock without end.
TEST_CASE("while calls of the store fail no thread of a manager turns in a circle") {
  const std::vector<Call> all{Call::exchange, Call::enqueue, Call::cancel, Call::get, Call::counts,
                              Call::trim,     Call::wait,    Call::list,   Call::put};
  std::vector<std::vector<Call>> sorts{{}, all};
  for (const Call call : all) sorts.push_back({call});
  for (const auto& sort : sorts) {
    std::string text;
    for (const Call call : sort) text += " " + std::to_string(int(call));
    INFO("calls that fail:" << text);
    Between between;
    Watched clock;
    std::atomic<bool> away = false;
    between.refuses = [&](Call call) { return away && std::find(sort.begin(), sort.end(), call) != sort.end(); };
    Options o = wrapped_options(between);
    o.clock = &clock;
    auto tasks = TaskManager::open(o);
    std::promise<void> runs, go_on;
    tasks.handle(Policy{.kind = "long"}, [&](Context&) { runs.set_value(), go_on.get_future().wait(); });
    tasks.handle(Policy{.kind = "short", .retries = 5}, [&](Context&) { throw std::runtime_error("again"); });
    tasks.start();
    tasks.enqueue_bytes({.kind = "long"}, "");
    REQUIRE(runs.get_future().wait_for(10s) == std::future_status::ready);
    away = true;
    if (std::find(sort.begin(), sort.end(), Call::enqueue) == sort.end()) tasks.enqueue_bytes({.kind = "short"}, "");
    clock.advance(1s);  // the lease wants to be extended
    CHECK(clock.time_of(1'000) > 40ms);
    auto stop = std::async(std::launch::async, [&] { return tasks.stop_graceful(1h); });
    CHECK(clock.time_of(1'000) > 40ms);
    away = false;
    clock.advance(10s);
    go_on.set_value();
    CHECK(stop.get());
  }
}
