// Shares of queues through the TaskManager: by the weights in the store, else by those of the options.
#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <vector>

#include "fixture.hpp"

using penstock::Context;
using penstock::Errc;
using penstock::TaskManager;
using Weights = std::map<std::string, unsigned>;

namespace {

// In which order queues were served.
class Served {
 public:
  void handle_in(TaskManager& tasks) {
    for (const char* queue : {"a", "b"}) {
      tasks.handle(penstock::Policy{.kind = queue, .queue = queue}, [this, queue](Context&) {
        std::lock_guard lock(mutex_);
        order_.push_back(queue);
        changed_.notify_all();
        return penstock::done(std::string());
      });
    }
  }
  // So many tasks of each queue, all there before the first one starts. How many of the first half were of "a".
  std::ptrdiff_t round(TaskManager& tasks, std::size_t each) {
    tasks.pause("*");
    for (std::size_t i = 0; i < each; ++i) {
      for (const char* queue : {"a", "b"}) tasks.enqueue_bytes({.kind = queue, .queue = queue}, "x");
    }
    tasks.resume("*");
    tasks.start();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return order_.size() == 2 * each; });
    const auto out = std::count(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(each), "a");
    order_.clear();
    return out;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> order_;
};

penstock::Options serving(const Store& store) {
  auto options = store.options();
  options.threads = 1;
  options.queues = {{"a", 1}, {"b", 1}};
  return options;
}

Errc refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const penstock::Exception& e) {
    return e.error().code;
  }
  return Errc::internal;
}

}  // namespace

TEST_CASE("a weight in the store stands above that of the options") {
  Store store(every_backend());
  auto tasks = TaskManager::open(serving(store));
  CHECK(tasks.weights().empty());
  tasks.set_weight("a", 19);
  tasks.set_weight("b", 7);
  tasks.set_weight("b", std::nullopt);
  CHECK(tasks.weights() == Weights{{"a", 19}});
  Served served;
  served.handle_in(tasks);
  CHECK(served.round(tasks, 60) >= 45);
}

TEST_CASE("a worker that runs takes over what another process has set, and what it took away") {
  Store store(every_backend());
  auto tasks = TaskManager::open(serving(store));
  const bool memory = store.options().backend.use == "memory";
  auto other = memory ? std::optional<TaskManager>() : TaskManager::open(store.options());
  TaskManager& operator_ = other ? *other : tasks;
  Served served;
  served.handle_in(tasks);
  // What is claimed ahead makes rounds of even weights uneven, but not all of them, and not that much.
  const auto until = [&](int in_a_row, auto&& wanted) {
    int rounds = 0;
    for (int seen = 0; seen < in_a_row && rounds < 200000; ++rounds)
      seen = wanted(served.round(tasks, 60)) ? seen + 1 : 0;
    return rounds < 200000;
  };
  CHECK(until(1, [](auto of_a) { return of_a < 45; }));
  operator_.set_weight("a", 1000);
  CHECK(until(10, [](auto of_a) { return of_a > 57; }));
  CHECK(tasks.weights() == Weights{{"a", 1000}});
  operator_.set_weight("a", std::nullopt);
  CHECK(until(1, [](auto of_a) { return of_a < 45; }));
}

TEST_CASE("what is no weight is refused") {
  Store store("memory");
  auto tasks = TaskManager::open(serving(store));
  CHECK(refusal([&] { tasks.set_weight("a", 0); }) == Errc::invalid);
  CHECK(refusal([&] { tasks.set_weight("a", 1'000'001); }) == Errc::invalid);
  CHECK(refusal([&] { tasks.set_weight("a b", 1); }) == Errc::invalid);
  CHECK(refusal([&] { tasks.set_weight("*", 1); }) == Errc::invalid);
  CHECK(tasks.weights().empty());
}
