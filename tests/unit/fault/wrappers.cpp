// The wrappers `fault` and `metrics` around a backend that counts what reaches it.
#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include <penstock/plugin/meter.hpp>
#include <penstock/plugin/wrapper.hpp>

#include "support/open_plugin.hpp"
#include "support/plain_backend.hpp"

extern "C" const penstock::PluginDescriptor* PENSTOCK_PLUGIN_SYMBOL(fault)() noexcept;
extern "C" const penstock::PluginDescriptor* PENSTOCK_PLUGIN_SYMBOL(metrics)() noexcept;

using namespace penstock;

namespace {

// A backend with one capability and one that nobody knows.
class Reached final : public testing::PlainBackend, public Waiter {
 public:
  explicit Reached(std::atomic<int>& calls) : calls_(calls) {}
  void* query(std::string_view id) noexcept override {
    return id == "test.secret/1" ? &calls_ : offer<Waiter>(this, id);
  }
  Result<std::vector<Counts>> counts() noexcept override { return ++calls_, std::vector<Counts>(); }
  Result<std::uint64_t> trim(const Retention& r) noexcept override {  // an error of a code that the caller chooses
    return Error{static_cast<Errc>(r.at_most), "chosen"};
  }
  Result<std::uint64_t> wait(std::uint64_t bell, Millis) noexcept override { return ++calls_, bell + 1; }
  void interrupt() noexcept override { ++calls_; }

 private:
  std::atomic<int>& calls_;
};

// Lets no time pass, and adds up how much would have.
class Naps final : public Host, public Sleeper {
 public:
  void log(Level level, std::string_view) noexcept override { warnings += level == Level::warn; }
  void* query(std::string_view id) noexcept override { return offer<Sleeper>(this, id); }
  void sleep(Millis time) noexcept override { ++naps, longest = std::max(longest, time); }
  int naps = 0, warnings = 0;
  Millis longest{};
};

std::unique_ptr<DurableBackend> around(PluginEntry entry, Host& host, std::unique_ptr<DurableBackend> inner,
                                       const std::map<std::string, config::Written>& settings = {}) {
  const Component& c = entry()->components[0];
  auto values = config::Values::check({c.settings, c.settings_count}, settings);
  if (!values) throw std::runtime_error(values.error().message);
  Error error;
  Interface* made = c.wrap(host, *values, inner.release(), error);
  if (!made) throw std::runtime_error(error.message);
  return std::unique_ptr<DurableBackend>(static_cast<DurableBackend*>(made));
}

struct Scene {
  std::atomic<int> reached{0};
  Naps host;
  std::unique_ptr<DurableBackend> inner() { return std::make_unique<Reached>(reached); }
  std::unique_ptr<DurableBackend> fault(const std::map<std::string, config::Written>& settings) {
    return around(PENSTOCK_PLUGIN_SYMBOL(fault), host, inner(), settings);
  }
};

}  // namespace

TEST_CASE("a wrapper answers for the capabilities of what is inside, and for no others") {
  Scene scene;
  for (PluginEntry entry : {&PENSTOCK_PLUGIN_SYMBOL(fault), &PENSTOCK_PLUGIN_SYMBOL(metrics)}) {
    auto backend = around(entry, scene.host, scene.inner());
    CHECK(query<Registry>(*backend) == nullptr);
    CHECK(query<Gates>(*backend) == nullptr);
    CHECK(query<Browser>(*backend) == nullptr);
    CHECK(backend->query("test.secret/1") == &scene.reached);
    auto* waiter = query<Waiter>(*backend);
    REQUIRE(waiter);
    scene.reached = 0;
    CHECK(waiter->wait(3, Millis(0)).value() == 4);
    waiter->interrupt();
    CHECK(scene.reached == 2);
  }
}

TEST_CASE("a call that fails does not reach the backend; one of unknown outcome does") {
  Scene scene;
  auto error = scene.fault({{"error", 1.0}})->counts();
  REQUIRE_FALSE(error);
  CHECK(error.error().code == Errc::unavailable);
  CHECK(error.error().retryable);
  CHECK(error.error().message == "fault of seed 1: counts 1");
  CHECK(scene.reached == 0);
  auto unknown = scene.fault({{"unknown", 1.0}, {"seed", std::int64_t{5}}})->counts();
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == Errc::unknown_outcome);
  CHECK(unknown.error().message == "fault of seed 5: counts 1");
  CHECK(scene.reached == 1);
  CHECK(scene.host.naps == 0);
  CHECK(scene.host.warnings == 2);
}

TEST_CASE("rates strike their share of the calls, those of a call of its own for it alone") {
  Scene scene;
  auto backend = scene.fault({{"error", 0.5}, {"calls", std::vector<std::string>{"wait=error 0"}}});
  int failed = 0;
  for (int i = 0; i < 1000; ++i) failed += !backend->counts();
  CHECK((failed > 400 && failed < 600));
  CHECK(scene.reached == 1000 - failed);
  for (int i = 0; i < 1000; ++i) REQUIRE(query<Waiter>(*backend)->wait(0, Millis(0)));
  auto again = scene.fault({{"error", 0.5}});
  for (int i = 0; i < 1000; ++i) failed -= !again->counts();
  CHECK(failed == 0);  // of the same seed
}

TEST_CASE("a delay is at most as long as it is said to be, by the host's clock") {
  Scene scene;
  auto backend = scene.fault({{"delayed", 1.0}, {"delay", std::string("500ms")}});
  for (int i = 0; i < 200; ++i) REQUIRE(backend->counts());
  CHECK(scene.host.naps == 200);
  CHECK((scene.host.longest > Millis(400) && scene.host.longest <= Millis(500)));
  CHECK(scene.reached == 200);
}

TEST_CASE("without rates nothing fails, nothing waits and nobody is warned") {
  Scene scene;
  auto backend = scene.fault({});
  for (int i = 0; i < 1000; ++i) REQUIRE(backend->counts());
  CHECK((scene.host.naps == 0 && scene.host.warnings == 0));
  CHECK_THROWS_WITH(scene.fault({{"calls", std::vector<std::string>{"x"}}}),
                    Catch::StartsWith("calls: \"x\": expected"));
}

TEST_CASE("calls are counted by method, errors by code, the outermost counter first") {
  Scene scene;
  auto counted = around(&PENSTOCK_PLUGIN_SYMBOL(metrics), scene.host, scene.inner());
  auto struck = around(&PENSTOCK_PLUGIN_SYMBOL(fault), scene.host, std::move(counted), {{"error", 0.5}});
  auto backend = around(&PENSTOCK_PLUGIN_SYMBOL(metrics), scene.host, std::move(struck));
  auto* meter = query<Meter>(*backend);
  REQUIRE(meter);
  CHECK(meter->calls()->empty());
  std::uint64_t failed = 0;
  for (int i = 0; i < 100; ++i) failed += !backend->counts();
  (void)backend->cancel({});
  auto calls = meter->calls().value();
  REQUIRE(calls.size() >= 3);
  CHECK(calls[0].call == "cancel");
  CHECK(calls[1].call == "counts");
  CHECK(calls[1].latency.count == 100);
  CHECK(calls[1].latency.max.count() > 0);
  REQUIRE(calls[1].errors.size() == 1);
  CHECK(calls[1].errors[0] == std::pair(Errc::unavailable, failed));
  CHECK(calls.back().call == "counts");  // of the inner one: what came through
  CHECK(calls.back().latency.count == 100 - failed);
  CHECK(calls.back().errors.empty());
}

TEST_CASE("errors of a code that nobody knows are counted as internal ones") {
  Scene scene;
  auto backend = around(&PENSTOCK_PLUGIN_SYMBOL(metrics), scene.host, scene.inner());
  for (const std::uint32_t code : {200u, ~0u}) {
    Retention r;
    r.at_most = code;
    CHECK_FALSE(backend->trim(r));
  }
  const auto calls = query<Meter>(*backend)->calls().value();
  REQUIRE(calls.size() == 1);
  REQUIRE(calls[0].errors.size() == 1);
  CHECK(calls[0].errors[0] == std::pair(Errc::internal, std::uint64_t{2}));
}

TEST_CASE("counting loses nothing when many threads call at once") {
  Scene scene;
  auto backend = around(&PENSTOCK_PLUGIN_SYMBOL(metrics), scene.host, scene.inner());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) (void)backend->counts();
    });
  }
  for (std::thread& t : threads) t.join();
  CHECK(query<Meter>(*backend)->calls().value()[0].latency.count == 20'000);
}
