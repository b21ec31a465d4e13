// The limiter `redis` under whole managers: one budget for all, and no token for what does not start.
#ifdef MANAGER_REDIS
#include <atomic>

#include "fixture.hpp"

namespace {

penstock::Options limited(const Store& store, const char* rate, std::int64_t burst) {
  auto options = store.options();
  options.limiter = {.use = "redis"};
  options.limiter.settings["url"] = redis_server().socket_url();
  options.limiter.settings["prefix"] = store.folder().substr(store.folder().rfind('/') + 1);
  options.limiter.settings["rate"] = std::string(rate);
  options.limiter.settings["burst"] = burst;
  return options;
}

std::string bucket(const Store& store) {
  return "{" + store.folder().substr(store.folder().rfind('/') + 1) + ":tokens:process}";
}

}  // namespace

TEST_CASE("a token goes for each start, and none while there is nothing to start") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(limited(store, "1/h", 10));
  tasks.handle<Job>([](const Job&) {});
  tasks.start();
  REQUIRE(tasks.wait_idle(10s));
  CHECK(redis_server().cli({"EXISTS", bucket(store)}) == "0");
  for (int i = 0; i < 3; ++i) tasks.enqueue(Job{});
  CHECK(tasks.drain() == 0);
  const std::string hours = redis_server().cli({"EVAL",
                                                "return math.floor((struct.unpack('<d', redis.call('get', KEYS[1])) / "
                                                "1e6 - redis.call('time')[1]) / 3600 + 0.5)",
                                                "1", bucket(store)});
  CHECK(hours == "3");
}

TEST_CASE("processes start together what the rate lets one start") {
  Store store("redis");
  auto one = penstock::TaskManager::open(limited(store, "1/h", 5)),
       other = penstock::TaskManager::open(limited(store, "1/h", 5));
  std::atomic<int> ran = 0;
  for (auto* tasks : {&one, &other}) tasks->handle<Job>([&](const Job&) { ++ran, ran.notify_all(); });
  for (int i = 0; i < 8; ++i) one.enqueue(Job{});
  one.start();
  other.start();
  for (int n = 0; (n = ran) < 5;) ran.wait(n);
  CHECK(one.stop_graceful(10s));
  CHECK(other.stop_graceful(10s));
  CHECK(ran == 5);
}
#endif
