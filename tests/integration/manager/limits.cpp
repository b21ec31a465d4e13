// Rate limits: of the process, of queues and of handlers; nothing is spent on what does not start, and
// one queue's limit is not another's.
#include <condition_variable>
#include <fstream>
#include <latch>
#include <map>
#include <mutex>

#include <penstock/plugin/limiter.hpp>

#include "fixture.hpp"

using namespace penstock;

namespace {

// A limiter whose tokens the test hands out; a key that it was never told of is not limited.
struct Counter {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, long, std::less<>> left, taken;
  bool broken = false;

  void allow(const std::string& key, long n) {
    std::lock_guard lock(mutex);
    left[key] += n;
  }
  long spent(const std::string& key) {
    std::lock_guard lock(mutex);
    return taken[key];
  }
  // Until somebody has asked for the key in vain.
  void wait_refused(const std::string& key) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return refused[key] > 0; });
  }
  std::map<std::string, int, std::less<>> refused;
};

Counter* counter = nullptr;

class TestLimiter final : public Limiter {
 public:
  static Result<std::unique_ptr<Limiter>> open(Host&, const Settings&) {
    return std::unique_ptr<Limiter>(std::make_unique<TestLimiter>());
  }
  Result<Grant> acquire(std::string_view key, std::uint32_t count) noexcept override {
    std::lock_guard lock(counter->mutex);
    if (counter->broken) return Error{Errc::unavailable, "the limiter is away"};
    auto left = counter->left.find(key);
    if (left != counter->left.end() && left->second < count) {
      ++counter->refused[std::string(key)];
      counter->changed.notify_all();
      return Grant{0, 2ms};
    }
    if (left != counter->left.end()) left->second -= count;
    counter->taken[std::string(key)] += count;
    return Grant{count, {}};
  }
  void refund(std::string_view key, std::uint32_t count) noexcept override {
    std::lock_guard lock(counter->mutex);
    if (auto left = counter->left.find(key); left != counter->left.end()) left->second += count;
    counter->taken[std::string(key)] -= count;
  }
};

struct Limited {
  Counter tokens;
  Store store{"memory"};
  Limited() { counter = &tokens; }
  Options options();
};

}  // namespace

PENSTOCK_PLUGIN(counted, "0.1.0", "MIT", component<Limiter, TestLimiter>("counted", "Tokens by hand."));

namespace {
Options Limited::options() {
  Options o = store.options();
  o.plugins = {PENSTOCK_PLUGIN_SYMBOL(counted)};
  o.limiter.use = "counted";
  return o;
}
}  // namespace

TEST_CASE("each start costs a token of each key, retries too") {
  Limited lab;
  auto tasks = TaskManager::open(lab.options());
  tasks.handle<Job>([](Context& ctx, const Job&) {
    if (ctx.task().attempt == 1) throw std::runtime_error("once");
  });
  for (int i = 0; i < 5; ++i) tasks.enqueue(Job{});
  for (int i = 0; i < 3; ++i) tasks.submit([] {}, {.queue = "mine"});
  CHECK(tasks.drain() == 0);
  CHECK(lab.tokens.spent("process") == 13);
  CHECK(lab.tokens.spent("queue:jobs") == 10);
  CHECK(lab.tokens.spent("handler:test.job") == 10);
  CHECK(lab.tokens.spent("queue:mine") == 3);
}

TEST_CASE("a queue without tokens holds up no other, and spends none") {
  Limited lab;
  lab.tokens.allow("queue:slow", 0);
  auto tasks = TaskManager::open(lab.options());
  std::atomic<int> fast{0}, slow{0};
  tasks.handle<Job>([&](Context& ctx, const Job&) { ++(ctx.task().queue == "slow" ? slow : fast); });
  std::vector<Job> jobs(50);
  tasks.enqueue_many(jobs, {.queue = "slow", .priority = -100});
  for (int i = 0; i < 50; ++i) tasks.submit([&] { ++slow; }, {.queue = "slow", .priority = -100});
  tasks.start();
  lab.tokens.wait_refused("queue:slow");
  std::vector<TaskRef> refs;
  for (auto& e : tasks.enqueue_many(jobs, {.queue = "fast"})) refs.push_back(e.ref);
  for (int i = 0; i < 50; ++i) refs.push_back(tasks.submit([&] { ++fast; }, {.queue = "quick"}).ref());
  for (const TaskRef& ref : refs) REQUIRE(tasks.await(ref, 20s)->status == Status::succeeded);
  CHECK(fast == 100);
  CHECK(slow == 0);
  CHECK(lab.tokens.spent("queue:slow") == 0);
  lab.tokens.allow("queue:slow", 1000);
  CHECK(tasks.drain() == 0);
  CHECK(slow == 100);
  CHECK(lab.tokens.spent("process") == 200);
  CHECK(lab.tokens.spent("queue:slow") == 100);
}

TEST_CASE("a handler without tokens holds up its queue only, and spends none of the others'") {
  Limited lab;
  lab.tokens.allow("handler:rare", 0);
  auto tasks = TaskManager::open(lab.options());
  std::atomic<int> rare{0};
  tasks.handle<Job>([](const Job&) {});
  tasks.handle(Policy{.kind = "rare"}, [&](Context&) { ++rare; });
  for (int i = 0; i < 10; ++i) tasks.enqueue_bytes({.kind = "rare", .queue = "rare"}, "");
  tasks.start();
  lab.tokens.wait_refused("handler:rare");
  for (int i = 0; i < 10; ++i) REQUIRE(tasks.await(tasks.enqueue(Job{}), 20s)->status == Status::succeeded);
  CHECK(rare == 0);
  CHECK(lab.tokens.spent("queue:rare") == 0);
  lab.tokens.allow("handler:rare", 10);
  CHECK(tasks.drain() == 0);
  CHECK(rare == 10);
  CHECK(lab.tokens.spent("process") == 20);
}

TEST_CASE("without tokens for the process nothing starts, and then exactly as many as there are") {
  Limited lab;
  lab.tokens.allow("process", 0);
  auto tasks = TaskManager::open(lab.options());
  std::atomic<int> ran{0};
  std::latch three(3);
  for (int i = 0; i < 10; ++i) tasks.submit([&] { ++ran, three.count_down(); });
  lab.tokens.wait_refused("process");
  CHECK(ran == 0);
  lab.tokens.allow("process", 3);
  three.wait();
  lab.tokens.allow("process", 0);
  CHECK(tasks.stop_graceful(10s));
  CHECK(ran == 3);
  CHECK(lab.tokens.spent("process") == 3);
}

TEST_CASE("a limiter that fails lets nothing start until it answers again") {
  Limited lab;
  lab.tokens.broken = true;
  Options o = lab.options();
  o.log_level = Level::error;
  auto tasks = TaskManager::open(o);
  tasks.handle<Job>([](const Job&) {});
  auto ticket = tasks.submit([] { return 1; });
  auto ref = tasks.enqueue(Job{});
  tasks.start();
  CHECK_FALSE(tasks.await(ticket.ref(), 20ms));
  {
    std::lock_guard lock(lab.tokens.mutex);
    lab.tokens.broken = false;
  }
  CHECK(ticket.get(20s) == 1);
  CHECK(tasks.await(ref, 20s)->status == Status::succeeded);
}

TEST_CASE("what waits for tokens can be cancelled, and is given back by a stop, uncharged") {
  Limited lab;
  lab.tokens.allow("queue:jobs", 0);
  auto tasks = TaskManager::open(lab.options());
  std::atomic<int> ran{0};
  tasks.handle<Job>([&](const Job&) { ++ran; });
  auto one = tasks.enqueue(Job{}), two = tasks.enqueue(Job{});
  tasks.start();
  lab.tokens.wait_refused("queue:jobs");
  tasks.cancel(one);
  CHECK(tasks.await(one, 20s)->status == Status::cancelled);
  CHECK(tasks.stop_graceful(10s));
  auto info = tasks.info(two);
  REQUIRE(info);
  CHECK(info->status == Status::queued);
  CHECK(info->failures + info->crashes == 0);
  CHECK(ran == 0);
  CHECK(lab.tokens.spent("process") == 0);
}

TEST_CASE("the token bucket holds a process to its rate") {
  Options o = Store("memory").options();
  o.limiter = {.use = "token_bucket", .settings = {{"rate", std::string("200/s")}, {"burst", std::int64_t{5}}}};
  const auto begin = std::chrono::steady_clock::now();
  auto tasks = TaskManager::open(o);
  std::atomic<int> ran{0};
  for (int i = 0; i < 30; ++i) tasks.submit([&] { ++ran; });
  CHECK(tasks.wait_idle(60s));
  CHECK(ran == 30);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  CHECK(30 <= 5 + 200 * took.count() + 1);  // no faster; how much slower depends on the machine
}

TEST_CASE("a rule that makes no sense is refused by its place in the config") {
  Store store("memory");
  const std::string file = store.folder() + "/f.toml";
  std::ofstream(file) << "[log]\nlevel = \"error\"\n[backend]\nuse = \"memory\"\n[limiter]\nuse = "
                         "\"token_bucket\"\n[limiter.token_bucket]\n"
                         "rate = \"5/s\"\nqueues = [\"mail\"]\n";
  CHECK_THROWS_WITH(TaskManager::open(file),
                    file + ":9: limiter.token_bucket.queues: \"mail\": expected \"NAME=RATE\", such as \"mail=30/m\"");
}
