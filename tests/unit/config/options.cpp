// Every field of Options can be set in a config file, and is what the defaults say when it is not.
#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <tuple>

#include <penstock/config.hpp>
#include <penstock/error.hpp>

#include "support/folder.hpp"

using namespace penstock;
using namespace std::chrono_literals;

namespace {

// A file that lives as long as the test.
class File {
 public:
  explicit File(const std::string& text) { std::ofstream(path()) << text; }
  std::string path() const { return folder_ / "f.toml"; }

 private:
  testing::Folder folder_;
};

// Nothing here has the value that it has without a file.
constexpr const char* kEverything = R"(
[worker]
threads = 7
queues = { mail = 3, "*" = 2 }
lease = "11s"
batch = 65
timeout = "6m"
grace = "7s"
retries = 4
backoff = "2s"
backoff_cap = "61s"
jitter = false
retry_budget = 0.5
max_crashes = 5
max_stuck = 6
stop_timeout = "31s"
local_limit = 8
local_if_full = "block"
max_payload = "2MiB"
handlers = ["mail"]
[backend]
use = "redis"
module = "/opt/backend.so"
durability = "power"
wrap = ["metrics", "fault"]
[backend.redis]
url = "x"
[backend.fault]
seed = 7
error = 0.5
[codec]
use = ["protobuf", "zstd"]
also = ["json"]
[codec.zstd]
level = 3
[limiter]
use = "token_bucket"
module = "/opt/limiter.so"
wrap = ["slow"]
[limiter.token_bucket]
rate = "1/s"
[limits]
mail = { running = 4, rate = "6/m", burst = 2 }
"mail/tenant:a b" = { running = 0 }
[tracer]
use = "log"
module = "/opt/tracer.so"
wrap = ["sampled"]
[tracer.log]
file = "spans"
[plugins]
path = ["/opt"]
allow = ["redis"]
[retention]
count = 9
age = "16m"
bytes = "65MiB"
[results]
age = "25h"
bytes = "257MiB"
[handlers.mail]
from = "me"
[log]
level = "warn"
)";

// The fields as one comparable value. A field that is added to a struct makes this fail to compile: it
// wants a key in the tables of framework/config, a line in read_config, and one here.
auto all(const PluginChoice& choice) {
  const auto& [use, module, settings, wrap, file, line, lines] = choice;
  std::string around;
  for (const PluginChoice& wrapper : wrap) around += wrapper.use + std::to_string(wrapper.settings.size());
  return std::tuple(use, module, settings.size(), around);
}
auto all(const Options& options) {
  const auto& [threads, queues, retry, timeout, grace, stop_timeout, max_stuck, max_crashes, retry_budget, lease,
               limits, batch, max_payload, result_age, result_bytes, local_limit, local_if_full, ended_count, ended_age,
               ended_bytes, backend, durability, codecs, codecs_also, limiter, tracer, plugin_path, plugin_allow,
               handler_modules, handler_settings, log_level, file, lines, plugins, clock] = options;
  const auto& [retries, backoff, cap, jitter] = retry;
  std::vector<decltype(all(backend))> chain, also;
  for (const PluginChoice& codec : codecs) chain.push_back(all(codec));
  for (const PluginChoice& codec : codecs_also) also.push_back(all(codec));
  return std::tuple(threads, queues, retries, backoff, cap, jitter, timeout, grace, stop_timeout, max_stuck,
                    max_crashes, retry_budget, lease, limits, batch, max_payload, result_age, result_bytes, local_limit,
                    local_if_full, ended_count, ended_age, ended_bytes, all(backend), durability, chain, also,
                    all(limiter), all(tracer), plugin_path, plugin_allow, handler_modules, handler_settings.size(),
                    log_level);
}

// How many of the places of two tuples hold equal values.
template <class Tuple, std::size_t... I>
int equal_places(const Tuple& a, const Tuple& b, std::index_sequence<I...>) {
  return (0 + ... + (std::get<I>(a) == std::get<I>(b)));
}

}  // namespace

TEST_CASE("each field has a key") {
  const File file(kEverything);
  const Options o = read_config(file.path());
  const auto set = all(o), unset = all(Options{});
  constexpr std::size_t kFields = std::tuple_size_v<decltype(all(Options{}))>;
  CHECK(equal_places(set, unset, std::make_index_sequence<kFields>()) == 0);
  CHECK(o.threads == 7);
  CHECK(o.queues == std::map<std::string, unsigned>{{"mail", 3}, {"*", 2}});
  CHECK(o.retry.retries == 4);
  CHECK(o.retry.backoff == 2s);
  CHECK(o.retry.cap == 61s);
  CHECK_FALSE(o.retry.jitter);
  CHECK(o.timeout == 6min);
  CHECK(o.grace == 7s);
  CHECK(o.stop_timeout == 31s);
  CHECK(o.max_stuck == 6);
  CHECK(o.max_crashes == 5);
  CHECK(o.retry_budget == 0.5);
  CHECK(o.limits == std::map<std::string, Limit>{{"mail", {.running = 4, .per_second = 0.1, .burst = 2}},
                                                 {"mail/tenant:a b", {.running = 0}}});
  CHECK(o.lease == 11s);
  CHECK(o.batch == 65);
  CHECK(o.max_payload == 2 << 20);
  CHECK(o.result_age == 25h);
  CHECK(o.result_bytes == 257 << 20);
  CHECK(o.local_limit == 8);
  CHECK(o.local_if_full == IfFull::block);
  CHECK(o.ended_count == 9);
  CHECK(o.ended_age == 16min);
  CHECK(o.ended_bytes == 65 << 20);
  CHECK(all(o.backend) == std::tuple("redis", "/opt/backend.so", 1u, "metrics0fault2"));
  CHECK(o.durability == "power");
  REQUIRE(o.codecs.size() == 2);
  CHECK(all(o.codecs[1]) == std::tuple("zstd", "", 1u, ""));
  REQUIRE(o.codecs_also.size() == 1);
  CHECK(all(o.codecs_also[0]) == std::tuple("json", "", 0u, ""));
  CHECK(all(o.limiter) == std::tuple("token_bucket", "/opt/limiter.so", 1u, "slow0"));
  CHECK(all(o.tracer) == std::tuple("log", "/opt/tracer.so", 1u, "sampled0"));
  CHECK(o.plugin_path == std::vector<std::string>{"/opt"});
  CHECK(o.plugin_allow == std::vector<std::string>{"redis"});
  CHECK(o.handler_modules == std::vector<std::string>{"mail"});
  REQUIRE(o.handler_settings.size() == 1);
  CHECK(all(o.handler_settings.at("mail")) == std::tuple("mail", "", 1u, ""));
  CHECK(o.log_level == Level::warn);
}

TEST_CASE("what the file does not say is what a program's options say, but for the backend") {
  const File file("");
  Options defaults;
  defaults.backend.use = "sqlite";
  defaults.codecs = {{.use = "json"}};  // the same as none: then a program of raw bytes does without
  CHECK(all(read_config(file.path())) == all(defaults));
}

TEST_CASE("a mistake is an exception of one line") {
  const File file("[worker]\nretries = 3\nbackof = \"1s\"\n");
  CHECK_THROWS_WITH(read_config(file.path()),
                    file.path() + ":3: worker.backof: unknown key; did you mean \"backoff\"?");
}
