// What drain() and wait_idle() take for idle.
#include <atomic>
#include <future>

#include "fixture.hpp"
#include "wrapped.hpp"

using namespace penstock;

namespace {

Options on(const Between& between) {
  Options o = Store("memory").options();
  o.threads = 1;
  o.plugins = {wrapped_plugin(between)};
  o.backend = {.use = "wrapped"};
  return o;
}

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
  auto tasks = TaskManager::open(on(between));
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
