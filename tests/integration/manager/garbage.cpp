// Plugins that answer nonsense (RELIABILITY P2): calls fail with a reason, and the process and its threads go on.
#include <atomic>
#include <mutex>
#include <random>

#include <penstock/plugin/meter.hpp>

#include "fixture.hpp"
#include "support/open_plugin.hpp"

using namespace penstock;

extern "C" const PluginDescriptor* PENSTOCK_PLUGIN_SYMBOL(memory)() noexcept;

namespace {

// What the backend that is opened next says of itself, and how often its answers are nonsense (of 8).
Properties stated;
std::atomic<unsigned> nonsense{0};

class Garbage final : public DurableBackend, public Meter {
 public:
  explicit Garbage(std::unique_ptr<DurableBackend> inner) : inner_(std::move(inner)) {}
  static Result<std::unique_ptr<DurableBackend>> open(Host& host, const Settings&) {
    auto inner = testing::open_component<DurableBackend>(PENSTOCK_PLUGIN_SYMBOL(memory), "memory", host);
    return std::unique_ptr<DurableBackend>(std::make_unique<Garbage>(std::move(inner)));
  }

  void* query(std::string_view id) noexcept override { return offer<Meter>(this, id); }
  Properties properties() const noexcept override { return stated; }
  Result<Exchanged> exchange(const Exchange& x) noexcept override {
    auto answer = inner_->exchange(x);
    if (answer && mad()) {
      spoil(answer->settled), spoil(answer->extended);
      for (Extended& e : answer->extended) e.stop.resize(draw(5));
      for (std::uint64_t n = draw(4); n > 0; --n) answer->leased.push_back(leased());
      answer->next_due = Millis(static_cast<std::int64_t>(draw(UINT64_MAX)));
      answer->bell = draw(UINT64_MAX);
    }
    return answer;
  }
  Result<std::vector<Admission>> enqueue(std::span<const NewTask> tasks, const Guard* guard) noexcept override {
    return spoiled(inner_->enqueue(tasks, guard));
  }
  Result<std::vector<Item>> cancel(std::span<const TaskKey> keys) noexcept override {
    return spoiled(inner_->cancel(keys));
  }
  Result<std::vector<std::optional<Record>>> get(std::span<const TaskKey> keys) noexcept override {
    auto answer = spoiled(inner_->get(keys));
    if (answer && mad()) {
      for (auto& r : *answer) r = record();
    }
    return answer;
  }
  Result<std::vector<Counts>> counts() noexcept override {
    if (mad() && draw(2)) return Error{static_cast<Errc>(draw(UINT64_MAX)), "nonsense"};
    auto answer = inner_->counts();
    if (answer && mad()) answer->push_back({.queue = text(), .bytes_ended = draw(UINT64_MAX)});
    return answer;
  }
  Result<std::uint64_t> trim(const Retention& r) noexcept override {
    return mad() ? Result<std::uint64_t>(UINT64_MAX) : inner_->trim(r);
  }
  Result<std::vector<CallStats>> calls() noexcept override {
    if (mad()) return Error{Errc::internal, "nobody counts"};
    return std::vector<CallStats>();
  }

 private:
  std::uint64_t draw(std::uint64_t below) {
    const std::scoped_lock lock(mutex_);
    return random_() % below;
  }
  bool mad() { return draw(8) < nonsense; }
  std::string text() {
    std::string out(draw(300), '\0');
    for (char& c : out) c = static_cast<char>(draw(256));
    return out;
  }
  Leased leased() {
    Leased out{
        .queue = draw(2) ? "jobs" : text(), .kind = draw(2) ? "test.job" : text(), .body = text(), .note = text()};
    out.epoch = draw(5), out.failures = static_cast<std::uint32_t>(draw(UINT32_MAX));
    out.crashes = static_cast<std::uint32_t>(draw(3)), out.lapsed = draw(2), out.begun = draw(2);
    return out;
  }
  Record record() {
    Record out{.state = static_cast<State>(draw(256)), .kind = text(), .body = text(), .note = text()};
    out.ended = Time(Millis(static_cast<std::int64_t>(draw(UINT64_MAX)))), out.tombstone = draw(2);
    return out;
  }
  template <class T>
  void spoil(std::vector<T>& items) {
    if (draw(2)) items.resize(draw(items.size() + 3));
    for (T& item : items) {
      if constexpr (std::is_same_v<T, Item>) item = static_cast<Item>(draw(256));
      if constexpr (std::is_same_v<T, Extended> || std::is_same_v<T, Admission>)
        item.what = static_cast<Item>(draw(256));
    }
  }
  template <class T>
  Result<std::vector<T>> spoiled(Result<std::vector<T>> answer) {
    if (answer && mad()) spoil(*answer);
    return answer;
  }

  std::unique_ptr<DurableBackend> inner_;
  std::mutex mutex_;
  std::mt19937_64 random_{7};
};

}  // namespace

PENSTOCK_PLUGIN(garbage, "0.1.0", "MIT",
                component<DurableBackend, Garbage, Meter>("garbage", "Memory that says anything."));

namespace {

Options options() {
  Options o = Store("memory").options();
  o.backend.use = "garbage";
  o.plugins = {PENSTOCK_PLUGIN_SYMBOL(garbage)};
  return o;
}

// Every call that asks the store; what it throws is a reason for people.
template <class Call>
void asked(Call call) {
  try {
    call();
  } catch (const Exception& e) {
    CHECK_FALSE(e.error().message.empty());
  }
}

}  // namespace

TEST_CASE("properties that nobody can work with are refused at the start") {
  nonsense = 0, stated = {};
  stated.durability = nullptr;
  CHECK_THROWS_WITH(TaskManager::open(options()), "backend \"garbage\": it states no durability");
  stated = {}, stated.max_batch = 0;
  CHECK_THROWS_WITH(TaskManager::open(options()), "backend \"garbage\": it takes batches of no items");
  stated = {}, stated.size = 4;
  CHECK_THROWS_WITH(TaskManager::open(options()), "backend \"garbage\": its properties are too small");
  stated = {}, stated.in_flight = 0, stated.features = ~0u & ~kGates, stated.durability = "eternity";
  CHECK_NOTHROW(TaskManager::open(options()).stop_graceful(1s));
}

TEST_CASE("answers of the wrong length are errors") {
  nonsense = 0, stated = {};
  auto tasks = TaskManager::open(options());
  const TaskRef ref = tasks.enqueue(Job{"sane", 1});
  nonsense = 8;
  bool short_answer = false;
  for (int i = 0; i < 200; ++i) {
    const auto look = [&](auto call) {
      try {
        call();
      } catch (const Exception& e) {
        short_answer |= e.error().message.rfind("the store answered ", 0) == 0;
      }
    };
    look([&] { tasks.enqueue(Job{"mad", i}); });
    look([&] { (void)tasks.info(ref); });
    look([&] { (void)tasks.cancel(ref); });
  }
  CHECK(short_answer);
}

TEST_CASE("a meter that fails is missing from the metrics, which are there") {
  nonsense = 0, stated = {};
  auto tasks = TaskManager::open(options());
  tasks.handle<Job>([](const Job&) {});
  tasks.enqueue(Job{});
  CHECK(tasks.drain() == 0);
  nonsense = 8;
  const Metrics m = tasks.metrics();
  CHECK(m.backend_calls.empty());
  CHECK(m.total.completed == 1);
}

TEST_CASE("errors are counted whatever code a store gives them") {
  nonsense = 0, stated = {};
  Options o = options();
  o.backend.wrap = {{.use = "metrics"}};
  auto tasks = TaskManager::open(o);
  nonsense = 8;
  std::uint64_t failed = 0, counted = 0;
  for (int i = 0; i < 200; ++i) failed += !tasks.backend().counts();
  nonsense = 0;
  for (const CallStats& c : tasks.metrics().backend_calls) {
    for (const auto& [code, count] : c.errors) counted += count;
  }
  CHECK(failed > 0);
  CHECK(counted == failed);
}

TEST_CASE("a store that answers nonsense now and then takes nobody with it") {
  nonsense = 0, stated = {};
  std::atomic<int> ran{0};
  auto tasks = TaskManager::open(options());
  tasks.handle<Job>([&](const Job&) { ++ran; });
  tasks.start();
  nonsense = 2;
  std::vector<TaskRef> refs;
  for (int i = 0; i < 300; ++i) {
    asked([&] { refs.push_back(tasks.enqueue(Job{"job", i})); });
    asked([&] { (void)tasks.counts(); });
    if (!refs.empty()) asked([&] { (void)tasks.info(refs.back()); });
    if (!refs.empty() && i % 7 == 0) asked([&] { (void)tasks.cancel(refs.back()); });
    if (!refs.empty() && i % 50 == 0) asked([&] { (void)tasks.await(refs.back(), 5ms); });
  }
  nonsense = 0;
  const auto last = tasks.await(tasks.enqueue(Job{"the last", 1}), 20s);
  REQUIRE(last);
  CHECK(last->status == Status::succeeded);
  CHECK(ran > 0);
  tasks.stop_graceful(5s);
}
