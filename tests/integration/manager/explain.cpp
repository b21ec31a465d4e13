// How a kind is treated, and who says so.
#include <fstream>
#include <map>

#include "fixture.hpp"
#include "support/plain_backend.hpp"

using penstock::Context;
using penstock::Explained;
using penstock::Limit;
using penstock::Policy;

namespace {

constexpr std::string_view kFormer[] = {"image.scale"};
constexpr Policy kResize{.kind = "image.resize",
                         .aliases = kFormer,
                         .queue = "media",
                         .priority = -5,
                         .retries = 8,
                         .backoff = 250ms,
                         .jitter = false,
                         .timeout = 0ms,
                         .keep_result = penstock::kKeepForever,
                         .if_taken = penstock::IfTaken::replace,
                         .unique_while = penstock::Unique::waiting,
                         .unique_for = 24h,
                         .retry_budget = 0.25};

// "value by", by name.
std::map<std::string, std::string> told(const penstock::Explanation& said) {
  std::map<std::string, std::string> out;
  for (const Explained& e : said.settings) {
    out[e.name] = e.value + " by " + name(e.by) + (e.place.empty() ? "" : " at " + e.place);
  }
  return out;
}

const penstock::PluginDescriptor* plain_entry() noexcept {
  using penstock::testing::PlainBackend;
  static constexpr penstock::Component kComponent =
      penstock::component<penstock::DurableBackend, PlainBackend>("plain", "Keeps nothing.");
  static constexpr penstock::PluginDescriptor kPlain{
      .name = "plain", .version = "1", .license = "MIT", .components = &kComponent, .components_count = 1};
  return &kPlain;
}

}  // namespace

TEST_CASE("each setting is explained by the type, the options or the default") {
  Store store("memory");
  auto options = store.options();
  options.retry.cap = 5s;
  options.timeout = 7s;
  auto tasks = penstock::TaskManager::open(options);
  tasks.handle(kResize, [](Context&) {});
  tasks.handle(Policy{.kind = "plain"}, [](Context&) {});

  auto said = tasks.explain("image.resize");
  CHECK(said.kind == "image.resize");
  CHECK(said.queue == "media");
  CHECK(told(said) == std::map<std::string, std::string>{{"queue", "media by the type"},
                                                         {"priority", "-5 by the type"},
                                                         {"weight", "1 by the default"},
                                                         {"retries", "8 by the type"},
                                                         {"backoff", "250ms by the type"},
                                                         {"backoff_cap", "5s by the config"},
                                                         {"jitter", "false by the type"},
                                                         {"timeout", "0s by the type"},
                                                         {"keep_result", "forever by the type"},
                                                         {"if_taken", "replace by the type"},
                                                         {"unique_while", "waiting by the type"},
                                                         {"unique_for", "1d by the type"},
                                                         {"retry_budget", "0.25 by the type"}});
  CHECK(tasks.explain("image.scale").kind == "image.resize");
  CHECK(told(tasks.explain("plain")) == std::map<std::string, std::string>{{"queue", "default by the default"},
                                                                           {"priority", "0 by the default"},
                                                                           {"weight", "1 by the default"},
                                                                           {"retries", "3 by the default"},
                                                                           {"backoff", "1s by the default"},
                                                                           {"backoff_cap", "5s by the config"},
                                                                           {"jitter", "true by the default"},
                                                                           {"timeout", "7s by the config"},
                                                                           {"keep_result", "1d by the default"},
                                                                           {"if_taken", "reject by the default"},
                                                                           {"unique_while", "live by the default"},
                                                                           {"unique_for", "0s by the default"},
                                                                           {"retry_budget", "0 by the default"}});
}

TEST_CASE("what a config file says is explained with its place, also where it repeats the default") {
  Store store("memory");
  const std::string file = store.folder() + "/penstock.toml";
  std::ofstream(file)
      << "[worker]\nretries = 3\nretry_budget = 0.5\n[backend]\nuse = \"memory\"\n[results]\nage = \"7d\"\n";
  auto tasks = penstock::TaskManager::open(file);
  tasks.handle(Policy{.kind = "plain"}, [](Context&) {});
  auto said = told(tasks.explain("plain"));
  CHECK(said["retries"] == "3 by the config at " + file + ":2");
  CHECK(said["retry_budget"] == "0.5 by the config at " + file + ":3");
  CHECK(said["keep_result"] == "7d by the config at " + file + ":7");
  CHECK(said["timeout"] == "5m by the default");
}

TEST_CASE("an explanation shows what is set in the store for the queue, and for all") {
  Store store("memory");
  auto options = store.options();
  options.limits["media"] = {.running = 4};
  options.limits["others"] = {.running = 5};
  auto tasks = penstock::TaskManager::open(options);
  tasks.handle(kResize, [](Context&) {});
  tasks.set_limit("media", "size:big", Limit{.running = 1});
  tasks.pause("*");
  const auto limits = tasks.explain("image.resize").limits;
  REQUIRE(limits);
  REQUIRE(limits->size() == 3);
  CHECK(limits->at(0).queue == "*");
  CHECK(limits->at(1).declared == Limit{.running = 4});
  CHECK(limits->at(2).by_operator == Limit{.running = 1});
}

TEST_CASE("an unknown kind is told from the nearest known one") {
  Store store("memory");
  auto tasks = penstock::TaskManager::open(store.options());
  tasks.handle(kResize, [](Context&) {});
  try {
    tasks.explain("image.resise");
    FAIL("explained");
  } catch (const penstock::Exception& e) {
    CHECK(e.code() == penstock::Errc::not_found);
    CHECK(e.error().message == "no handler here for kind \"image.resise\"; did you mean \"image.resize\"?");
  }
}

TEST_CASE("a backend without gates has no limits to explain, and one without a registry keeps no errors") {
  penstock::Options options;
  options.log_level = penstock::Level::error;
  options.plugins = {plain_entry};
  options.backend = {.use = "plain"};
  auto tasks = penstock::TaskManager::open(options);
  tasks.handle(kResize, [](Context&) {});
  CHECK_FALSE(tasks.explain("image.resize").limits);
  CHECK_THROWS_WITH(tasks.errors(), Catch::Contains("has no registry"));
}
