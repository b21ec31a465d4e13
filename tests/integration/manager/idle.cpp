// What drain() and wait_idle() take for idle.
#include <atomic>
#include <future>

#include "fixture.hpp"
#include "wrapped.hpp"

using namespace penstock;

namespace {

// Half a second passes with each look.
class Hurried final : public Clock {
 public:
  Instant now() noexcept override { return Instant(std::chrono::milliseconds(500) * ++looks_); }
  Time wall() noexcept override { return Time(boot()); }
  Millis boot() noexcept override { return Millis(500) * looks_.load(); }
  bool past(std::chrono::hours time) const { return Millis(500) * looks_.load() > time; }

 private:
  std::atomic<std::int64_t> looks_ = 1;
};

}  // namespace

// The task comes before the first claim, which is not asked for its queue yet: no bell rings for it.
TEST_CASE("a queue that is found by looking whether all is done is worked") {
  Between between;
  TaskManager* manager = nullptr;
  std::string body;
  std::atomic<int> looks = 0;
  std::atomic<bool> sent = false;
  std::promise<void> came, looked;
  between.after_counts = [&] {
    if (sent && ++looks == 2) looked.set_value();  // so that the first look has been heeded
  };
  between.before = [&](const Exchange& x) -> Result<void> {
    if (x.claim.empty() || sent) return {};
    const NewTask task{.key = {"elsewhere", make_task_id()}, .body = body, .kind = "late"};
    expect(bool(manager->backend().enqueue({&task, 1}, nullptr)));
    sent = true;
    came.set_value();
    expect(looked.get_future().wait_for(10s) == std::future_status::ready);
    return {};
  };
  Options o = wrapped_options(between);
  o.threads = 1;
  auto tasks = TaskManager::open(o);
  manager = &tasks;
  std::atomic<int> ran = 0;
  tasks.handle(Policy{.kind = "late"}, [&](Context&) { ++ran; });
  const TaskRef other = tasks.enqueue_bytes({.kind = "late"}, "");  // for the octets of such a task
  const TaskKey key = other.key();
  body = tasks.backend().get({&key, 1})->at(0)->body;
  CHECK(tasks.cancel(other) == Cancelled::was_waiting);
  tasks.start();
  REQUIRE(came.get_future().wait_for(10s) == std::future_status::ready);
  CHECK(tasks.wait_idle(10s));
  CHECK(ran == 1);
  CHECK(tasks.stop_graceful(10s));
}

// Two minutes between looks at the queues, and at what the store may forget: not a look for each of them.
TEST_CASE("an idle worker asks nearly nothing of a store that has a bell") {
  Between between;
  std::atomic<int> looks = 0, trims = 0, exchanges = 0;
  Hurried clock;
  std::promise<void> hours;
  std::atomic<bool> over = false;
  between.after_counts = [&] {
    ++looks;
    if (clock.past(2h) && !over.exchange(true)) hours.set_value();
  };
  between.after_trim = [&] { ++trims; };
  between.after = [&](const Exchange&, Result<Exchanged>&) { ++exchanges; };
  Options o = wrapped_options(between);
  o.threads = 1;
  o.clock = &clock;
  auto tasks = TaskManager::open(o);
  tasks.handle(Policy{.kind = "never"}, [](Context&) {});
  for (int i = 0; i < 100; ++i) {  // in queues that are nobody's business but the store's
    const TaskRef ref = tasks.enqueue_bytes({.kind = "never", .queue = "queue" + std::to_string(i)}, "");
    CHECK(tasks.cancel(ref) == Cancelled::was_waiting);
  }
  tasks.start();
  REQUIRE(hours.get_future().wait_for(60s) == std::future_status::ready);
  CHECK(looks < 2 * 60 + 20);  // of both sorts, and at the start
  CHECK(trims < 2 * 60 + 20);  // a queue each, in one or two states
  CHECK(exchanges < 20);
  CHECK(tasks.stop_graceful(10s));
}
