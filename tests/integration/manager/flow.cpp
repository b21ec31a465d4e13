// Flow control through the TaskManager: unique tasks, turns, limits, pauses.
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <vector>

#include "fixture.hpp"

using penstock::Context;
using penstock::EnqueueOptions;
using penstock::Errc;
using penstock::IfTaken;
using penstock::Limit;
using penstock::Outcome;
using penstock::Status;

struct SendInvoice {
  std::string tenant, number;
};
template <>
inline constexpr auto penstock::fields<SendInvoice> =
    std::tuple{penstock::field{"tenant", &SendInvoice::tenant}, penstock::field{"number", &SendInvoice::number}};
template <>
inline constexpr penstock::Policy penstock::job<SendInvoice> = {.kind = "invoice.send", .queue = "jobs"};
template <>
inline constexpr auto penstock::flow<SendInvoice> = std::tuple{
    penstock::unique_by{&SendInvoice::number},
    penstock::fair_by{&SendInvoice::tenant},
    penstock::gate_by{"tenant", &SendInvoice::tenant, {.running = 1}},
};

namespace {

// What ran, in order, and how many at once.
class Runs {
 public:
  void enter(const std::string& key) {
    std::lock_guard lock(mutex_);
    order_.push_back(key);
    most_[key] = std::max(most_[key], ++now_[key]);
    changed_.notify_all();
  }
  void leave(const std::string& key) {
    std::lock_guard lock(mutex_);
    --now_[key];
    changed_.notify_all();
  }
  // Waits until both keys run at the same time.
  void meet(const std::string& a, const std::string& b) {
    std::unique_lock lock(mutex_);
    met_ = met_ || (now_[a] > 0 && now_[b] > 0);
    changed_.notify_all();
    changed_.wait(lock, [&] { return met_ = met_ || (now_[a] > 0 && now_[b] > 0); });
  }
  std::vector<std::string> order() {
    std::lock_guard lock(mutex_);
    return order_;
  }
  int most(const std::string& key) {
    std::lock_guard lock(mutex_);
    return most_[key];
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> order_;
  std::map<std::string, int> now_, most_;
  bool met_ = false;
};

Errc code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const penstock::Exception& e) {
    return e.code();
  }
  return {};
}

}  // namespace

TEST_CASE("a unique key is refused, kept or replaced, as the enqueue says") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  auto first = tasks.enqueue(SendInvoice{"acme", "1"});
  try {
    tasks.enqueue(SendInvoice{"acme", "1"});
    FAIL("accepted twice");
  } catch (const penstock::Exception& e) {
    CHECK(e.code() == Errc::conflict);
    CHECK_THAT(e.what(), Catch::Contains(to_text(first.id)) && Catch::Contains("\"1\""));
  }
  CHECK(tasks.enqueue(SendInvoice{"acme", "1"}, {.if_taken = IfTaken::keep}) == first);
  auto second = tasks.enqueue(SendInvoice{"acme", "1"}, {.if_taken = IfTaken::replace});
  CHECK_FALSE(second == first);
  CHECK(tasks.info(first)->status == Status::cancelled);
  CHECK(tasks.info(second)->status == Status::queued);
  auto free = tasks.enqueue(SendInvoice{"acme", "1"}, {.unique = ""});
  CHECK(tasks.info(free)->status == Status::queued);
}

TEST_CASE("a throttled key stays taken after its task has ended") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  tasks.handle<SendInvoice>([](const SendInvoice&) {});
  const EnqueueOptions once_a_day{.if_taken = IfTaken::keep, .unique_for = 24h};
  auto first = tasks.enqueue(SendInvoice{"acme", "1"}, once_a_day);
  tasks.start();
  REQUIRE(tasks.wait_idle(10s));
  CHECK(tasks.enqueue(SendInvoice{"acme", "1"}, once_a_day) == first);
}

TEST_CASE("a type's gate limits each key, and keys do not wait for each other") {
  Store store(every_backend());
  auto options = store.options();
  options.threads = 4;
  auto tasks = penstock::TaskManager::open(options);
  Runs runs;
  tasks.handle<SendInvoice>([&](const SendInvoice& job) {
    runs.enter(job.tenant);
    if (job.number == "a0" || job.number == "b0") runs.meet("acme", "bolt");
    runs.leave(job.tenant);
  });
  tasks.start();
  for (int i = 0; i < 50; ++i) {
    tasks.enqueue(SendInvoice{"acme", "a" + std::to_string(i)});
    tasks.enqueue(SendInvoice{"bolt", "b" + std::to_string(i)});
  }
  REQUIRE(tasks.wait_idle(20s));
  CHECK(runs.order().size() == 100);
  CHECK(runs.most("acme") == 1);
  CHECK(runs.most("bolt") == 1);
  const auto gates = tasks.gates("jobs");
  REQUIRE(gates.size() == 1);
  CHECK(gates[0].gate == "tenant");
  CHECK(gates[0].declared == Limit{.running = 1});
}

TEST_CASE("tenants take turns, however many tasks the first of them has") {
  Store store(every_backend());
  auto options = store.options();
  options.threads = 1;
  options.batch = 1;
  auto tasks = penstock::TaskManager::open(options);
  Runs runs;
  tasks.handle<SendInvoice>([&](const SendInvoice& job) { runs.enter(job.tenant); });
  for (int i = 0; i < 20; ++i) tasks.enqueue(SendInvoice{"flood", "f" + std::to_string(i)});
  for (int i = 0; i < 3; ++i) tasks.enqueue(SendInvoice{"small", "s" + std::to_string(i)});
  CHECK(tasks.drain() == 0);
  const auto order = runs.order();
  REQUIRE(order.size() == 23);
  for (int i = 0; i < 3; ++i) CHECK(order[static_cast<std::size_t>(2 * i + 1)] == "small");
}

TEST_CASE("a paused queue starts nothing until it is resumed") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  std::atomic<int> paused_runs{0};
  tasks.handle<Job>([&](const Job&) {
    ++paused_runs;
    return Answer{"ran"};
  });
  tasks.handle(penstock::Policy{.kind = "other", .queue = "others"},
               [](Context&) { return penstock::done(std::string("ran")); });
  tasks.pause("jobs");
  tasks.start();
  auto held = tasks.enqueue(Job{});
  for (int i = 0; i < 20; ++i) {
    auto free = tasks.enqueue_bytes({.kind = "other", .queue = "others"}, "x");
    REQUIRE(tasks.await(free, 10s)->status == Status::succeeded);
  }
  CHECK(paused_runs == 0);
  CHECK(tasks.gates("jobs").at(0).held == penstock::kHoldForever);
  tasks.resume("jobs");
  CHECK(tasks.result<Answer>(held, 10s).text == "ran");

  tasks.pause("*");
  auto later = tasks.enqueue(Job{});
  CHECK(tasks.gates().at(0).queue == "*");
  tasks.resume("*");
  CHECK(tasks.result<Answer>(later, 10s).text == "ran");
}

TEST_CASE("limits of the options are declared, an operator's limit stands above them") {
  Store store(every_backend());
  auto options = store.options();
  options.threads = 4;
  options.limits["jobs"] = {.running = 1};
  options.limits["jobs/tenant:acme"] = {.per_second = 1000, .burst = 10};
  auto tasks = penstock::TaskManager::open(options);
  Runs runs;
  tasks.handle<Job>([&](const Job& job) {
    runs.enter("all");
    if (job.name == "two") runs.meet("all", "all");
    runs.leave("all");
  });
  for (int i = 0; i < 40; ++i) tasks.enqueue(Job{});
  tasks.start();
  REQUIRE(tasks.wait_idle(20s));
  CHECK(runs.most("all") == 1);
  tasks.set_limit("jobs", "", Limit{.running = 3});
  auto gates = tasks.gates("jobs");
  REQUIRE(gates.size() == 2);
  CHECK(gates[0].declared == Limit{.running = 1});
  CHECK(gates[0].by_operator == Limit{.running = 3});
  CHECK(gates[1].gate == "tenant:acme");
  tasks.set_limit("jobs", "", std::nullopt);
  CHECK_FALSE(tasks.gates("jobs").at(0).by_operator);
}

TEST_CASE("limits beside the types of a handler module are declared as those of handlers") {
  class Invoices final : public penstock::Handlers {
   public:
    static penstock::Result<std::unique_ptr<penstock::Handlers>> open(penstock::Host&, const penstock::Settings&) {
      return std::unique_ptr<penstock::Handlers>(std::make_unique<Invoices>());
    }
    std::vector<Entry> list() noexcept override {
      std::vector<Entry> out;
      out.push_back(penstock::handler_entry<SendInvoice>([](const SendInvoice&) {}));
      return out;
    }
  };
  static constexpr penstock::Component kComponent =
      penstock::component<penstock::Handlers, Invoices>("invoices", "Sends none.");
  static constexpr penstock::PluginDescriptor kModule{
      .name = "invoices", .version = "1", .license = "MIT", .components = &kComponent, .components_count = 1};
  Store store(every_backend());
  auto options = store.options();
  options.plugins = {[]() noexcept { return &kModule; }};
  options.handler_modules = {"invoices"};
  auto tasks = penstock::TaskManager::open(options);
  tasks.start();
  CHECK(tasks.gates("jobs").at(0).declared == Limit{.running = 1});
  options.handler_settings["invoices"].wrap = {{.use = "nobody"}};  // not dropped in silence
  CHECK_THROWS_WITH(penstock::TaskManager::open(options), Catch::Contains("\"nobody\" is not to be found"));
}

TEST_CASE("a limit that is changed while workers run holds at once") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  tasks.handle<Job>([](const Job&) { return Answer{"ran"}; });
  tasks.handle(penstock::Policy{.kind = "other", .queue = "others"}, [](Context&) {});
  tasks.start();
  tasks.set_limit("jobs", "", Limit{.running = 0});
  auto job = tasks.enqueue(Job{});
  for (int i = 0; i < 5; ++i) REQUIRE(tasks.await(tasks.enqueue_bytes({.kind = "other", .queue = "others"}, "x"), 10s));
  CHECK(tasks.info(job)->status == Status::queued);
  tasks.set_limit("jobs", "", Limit{.running = 2}, penstock::Layer::declared);
  CHECK(tasks.info(job)->status == Status::queued);  // the operator's stands above it
  tasks.set_limit("jobs", "", std::nullopt);
  CHECK(tasks.result<Answer>(job, 10s).text == "ran");
  tasks.set_limit("jobs", "", std::nullopt, penstock::Layer::declared);
  CHECK(tasks.gates("jobs").empty());
}

TEST_CASE("a handler that backs off holds its whole queue") {
  Store store(every_backend());
  auto options = store.options();
  options.threads = 1;
  options.batch = 1;
  auto tasks = penstock::TaskManager::open(options);
  std::atomic<int> runs{0};
  tasks.handle<Job>([&](const Job& job) -> Outcome {
    if (job.number == 1) return penstock::back_off(1h);
    ++runs;
    return penstock::done(Answer{"ran"});
  });
  tasks.handle(penstock::Policy{.kind = "other", .queue = "others"}, [](Context&) {});
  auto told = tasks.enqueue(Job{"told to wait", 1});
  auto next = tasks.enqueue(Job{"next", 2});
  tasks.start();
  while (tasks.info(told)->status != Status::scheduled) tasks.await(told, 1ms);
  REQUIRE(tasks.await(tasks.enqueue_bytes({.kind = "other", .queue = "others"}, "x"), 10s));
  CHECK(runs == 0);
  CHECK(tasks.gates("jobs").at(0).held);
  CHECK(tasks.cancel(told) == penstock::Cancelled::was_waiting);
  tasks.resume("jobs");
  CHECK(tasks.result<Answer>(next, 10s).text == "ran");
}

TEST_CASE("retries of a kind that mostly fails are put off") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  const penstock::Policy broken{
      .kind = "broken", .queue = "jobs", .retries = 1, .backoff = 1ms, .backoff_cap = 2ms, .retry_budget = 0.5};
  tasks.handle(broken, [](Context&) { return penstock::retry("the service is down"); });
  for (int i = 0; i < 30; ++i) tasks.enqueue_bytes(broken, "x");
  tasks.start();
  REQUIRE(tasks.wait_idle(20s));
  const auto counters = tasks.metrics().by_queue.at("jobs");
  CHECK(counters.failed == 30);
  CHECK(counters.put_off > 0);
  CHECK(counters.put_off <= 30);
}

TEST_CASE("keys that are too long are refused, or cut where they come from a field") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  const std::string longest(255, 'k');
  CHECK(code_of([&] { tasks.enqueue(Job{}, {.unique = longest + "k"}); }) == Errc::invalid);
  CHECK(code_of([&] { tasks.enqueue(Job{}, {.fair = longest + "k"}); }) == Errc::invalid);
  CHECK(code_of([&] { tasks.enqueue(Job{}, {.gates = {{longest + "k"}}}); }) == Errc::invalid);
  CHECK(code_of([&] { tasks.enqueue(Job{}, {.gates = {{"twice", "twice"}}}); }) == Errc::invalid);
  tasks.enqueue(Job{}, {.unique = longest, .fair = longest, .gates = {{longest}}});
  const std::string field(4000, 'n');
  auto first = tasks.enqueue(SendInvoice{"acme", field + "1"});
  CHECK(tasks.enqueue(SendInvoice{"acme", field + "1"}, {.if_taken = IfTaken::keep}) == first);
  CHECK_FALSE(tasks.enqueue(SendInvoice{"acme", field + "2"}) == first);
}

TEST_CASE("children carry keys of their own") {
  Store store(every_backend());
  auto tasks = penstock::TaskManager::open(store.options());
  std::atomic<int> children{0};
  tasks.handle(penstock::Policy{.kind = "parent", .queue = "jobs"}, [&](Context& ctx) {
    penstock::FlowKeys keys{.unique = "only one", .fair = "f", .gates = {"g"}};
    CHECK(ctx.add_child({.kind = "child"}, "x", "", keys));
    CHECK(ctx.add_child({.kind = "child"}, "y", "", keys));
  });
  tasks.handle(penstock::Policy{.kind = "child", .queue = "jobs"}, [&](Context&) { ++children; });
  tasks.enqueue_bytes({.kind = "parent", .queue = "jobs"}, "");
  CHECK(tasks.drain() == 0);
  CHECK(children == 1);
}
