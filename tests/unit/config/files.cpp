// Config files that are wrong, and the one line that says so (RELIABILITY K1).
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <string_view>

#include "config/core.hpp"
#include "support/rounds.hpp"

using namespace penstock;
using namespace penstock::config;
using namespace std::string_view_literals;

namespace {

struct Bad {
  std::string_view text, line;
};

constexpr Bad kBad[] = {
    {"[worker]\nthread = 3\n"sv, "f.toml:2: worker.thread: unknown key; did you mean \"threads\"?"},
    {"[worker]\nthreads = \"3\"\n"sv, "f.toml:2: worker.threads: expected a whole number from 0 up to 4096, got \"3\""},
    {"[worker]\nthreads = -1\n"sv, "f.toml:2: worker.threads: expected a whole number from 0 up to 4096, got -1"},
    {"[worker]\nthreads = 5000\n"sv, "f.toml:2: worker.threads: expected a whole number from 0 up to 4096, got 5000"},
    {"[worker]\nthreads = 1.5\n"sv, "f.toml:2: worker.threads: expected a whole number from 0 up to 4096, got 1.5"},
    {"[worker]\nthreads = nan\n"sv, "f.toml:2: worker.threads: expected a whole number from 0 up to 4096, got nan"},
    {"[worker]\nthreads = inf\n"sv, "f.toml:2: worker.threads: expected a whole number from 0 up to 4096, got inf"},
    {"[worker]\nthreads = 99999999999999999999\n"sv,
     "f.toml:2: threads: Error while parsing decimal integer: '99999999999999999999' is not representable in 64 bits"},
    {"[worker]\nthreads = true\n"sv, "f.toml:2: worker.threads: expected a whole number from 0 up to 4096, got true"},
    {"[worker]\nthreads = [1]\n"sv, "f.toml:2: worker.threads: expected a list of texts, got a number in it"},
    {"[worker]\nthreads = []\n"sv, "f.toml:2: worker.threads: expected a whole number from 0 up to 4096, got a list"},
    {"[worker]\nthreads = { a = 1 }\n"sv,
     "f.toml:2: worker.threads: expected a whole number from 0 up to 4096, got a table"},
    {"[worker.threads]\na = 1\n"sv, "f.toml:1: worker.threads: expected a whole number from 0 up to 4096, got a table"},
    {"[worker]\nthreads = 1979-05-27\n"sv, "f.toml:2: worker.threads: no setting takes a date or time"},
    {"[worker]\nthreads = 1979-05-27T07:32:00Z\n"sv, "f.toml:2: worker.threads: no setting takes a date or time"},
    {"[worker]\nthreads = 07:32:00\n"sv, "f.toml:2: worker.threads: no setting takes a date or time"},
    {"[worker]\nthreads = 4\nthreads = 5\n"sv,
     "f.toml:3: threads: Error while parsing key-value pair: cannot redefine existing integer 'threads'"},
    {"[worker]\nthreads = \n"sv, "f.toml:2: threads: Error while parsing key-value pair: expected value, saw '\\n'"},
    {"[worker]\nthreads 4\n"sv, "f.toml:2: Error while parsing key-value pair: expected '=', saw '4'"},
    {"[worker\nthreads = 4\n"sv, "f.toml:1: Error while parsing table header: expected ']', saw '\\n'"},
    {"[worker]\nlease = 10\n"sv,
     "f.toml:2: worker.lease: expected a duration such as \"250ms\", \"10s\" or \"5m\" from \"100ms\" up to \"1d\", "
     "got 10"},
    {"[worker]\nlease = \"10\"\n"sv,
     "f.toml:2: worker.lease: expected a duration such as \"250ms\", \"10s\" or \"5m\" from \"100ms\" up to \"1d\", "
     "got \"10\""},
    {"[worker]\nlease = \"10sec\"\n"sv,
     "f.toml:2: worker.lease: expected a duration such as \"250ms\", \"10s\" or \"5m\" from \"100ms\" up to \"1d\", "
     "got \"10sec\""},
    {"[worker]\nlease = \"-10s\"\n"sv,
     "f.toml:2: worker.lease: expected a duration such as \"250ms\", \"10s\" or \"5m\" from \"100ms\" up to \"1d\", "
     "got \"-10s\""},
    {"[worker]\nlease = \"1ms\"\n"sv,
     "f.toml:2: worker.lease: expected a duration such as \"250ms\", \"10s\" or \"5m\" from \"100ms\" up to \"1d\", "
     "got \"1ms\""},
    {"[worker]\nlease = \"2d\"\n"sv,
     "f.toml:2: worker.lease: expected a duration such as \"250ms\", \"10s\" or \"5m\" from \"100ms\" up to \"1d\", "
     "got \"2d\""},
    {"[worker]\nlease = \"99999999999999999d\"\n"sv,
     "f.toml:2: worker.lease: expected a duration such as \"250ms\", \"10s\" or \"5m\" from \"100ms\" up to \"1d\", "
     "got \"99999999999999999d\""},
    {"[worker]\nlease = \"10s\n"sv,
     "f.toml:2: lease: Error while parsing string: unescaped control characters other than TAB (U+0009) are explicitly "
     "prohibited"},
    {"[worker]\nlease = \"a\\qb\"\n"sv, "f.toml:2: lease: Error while parsing string: unknown escape sequence '\\q'"},
    {"[worker]\nlease = \"\x01\"\n"sv,
     "f.toml:2: lease: Error while parsing string: unescaped control characters other than TAB (U+0009) are explicitly "
     "prohibited"},
    {"[worker]\nmax_payload = \"1MB\"\n"sv,
     "f.toml:2: worker.max_payload: expected a size such as \"512B\", \"64KiB\" or \"1GiB\" from \"1B\" up to "
     "\"1GiB\", got \"1MB\""},
    {"[worker]\nmax_payload = \"2GiB\"\n"sv,
     "f.toml:2: worker.max_payload: expected a size such as \"512B\", \"64KiB\" or \"1GiB\" from \"1B\" up to "
     "\"1GiB\", got \"2GiB\""},
    {"[worker]\nmax_payload = 1048576\n"sv,
     "f.toml:2: worker.max_payload: expected a size such as \"512B\", \"64KiB\" or \"1GiB\" from \"1B\" up to "
     "\"1GiB\", got 1048576"},
    {"[worker]\nmax_payload = \"0B\"\n"sv,
     "f.toml:2: worker.max_payload: expected a size such as \"512B\", \"64KiB\" or \"1GiB\" from \"1B\" up to "
     "\"1GiB\", got \"0B\""},
    {"[worker]\nqueues = 3\n"sv,
     "f.toml:2: worker.queues: expected a table of queue names and weights, such as { default = 3 }"},
    {"[worker]\nqueues = {}\n"sv, "f.toml:2: worker.queues: expected at least one queue"},
    {"[worker]\nqueues = { default = 0 }\n"sv,
     "f.toml:2: worker.queues.default: expected a whole number from 1 up to 1000000, got 0"},
    {"[worker]\nqueues = { default = \"1\" }\n"sv,
     "f.toml:2: worker.queues.default: expected a whole number from 1 up to 1000000, got \"1\""},
    {"[worker]\nqueues = { \"a b\" = 1 }\n"sv,
     "f.toml:2: worker.queues.a b: expected a queue name of [A-Za-z0-9._-]{1,128}, or \"*\""},
    {"[worker]\nqueues = { \"a\\nb\" = 1 }\n"sv,
     "f.toml:2: worker.queues.a\\x0ab: expected a queue name of [A-Za-z0-9._-]{1,128}, or \"*\""},
    {"[worker]\nqueues = { a = { b = 1 } }\n"sv,
     "f.toml:2: worker.queues.a: expected a whole number from 1 up to 1000000, got a table"},
    {"[worker]\nqueues = { a = 1, a = 2 }\n"sv,
     "f.toml:2: queues: Error while parsing key-value pair: cannot redefine existing integer 'a'"},
    {"[worker.queue]\na = 1\n"sv, "f.toml:1: worker.queue: unknown section; did you mean \"queues\"?"},
    {"[worker]\nhandlers = \"a\"\n"sv, "f.toml:2: worker.handlers: expected a list of texts, got \"a\""},
    {"[worker]\nhandlers = [\"a\", 3]\n"sv, "f.toml:2: worker.handlers: expected a list of texts, got a number in it"},
    {"[worker]\nhandlers = [\"./a.so\"]\n"sv,
     "f.toml:2: worker.handlers: expected plugin names or absolute paths, got \"./a.so\""},
    {"[worker]\nhandlers = [[\"a\"]]\n"sv, "f.toml:2: worker.handlers: expected a list of texts, got a list in it"},
    {"[workers]\nthreads = 4\n"sv, "f.toml:1: workers: unknown section; did you mean \"worker\"?"},
    {"[banana]\n"sv, "f.toml:1: banana: unknown section"},
    {"[[worker]]\nthreads = 4\n"sv, "f.toml:1: worker: no setting takes a list of tables"},
    {"worker = 4\n"sv, "f.toml:1: worker: expected a section"},
    {"threads = 4\n"sv, "f.toml:1: threads: unknown key outside of any section"},
    {"thraeds = 4\n"sv, "f.toml:1: thraeds: unknown key outside of any section"},
    {"[worker]\nthreads = 1\n[worker]\nbatch = 2\n"sv,
     "f.toml:3: Error while parsing table header: cannot redefine existing table 'worker'"},
    {"[backend]\nuse = 3\n"sv, "f.toml:2: backend.use: expected text in quotes, got 3"},
    {"[backend]\nuse = \"\"\n"sv, "f.toml:2: backend.use: expected a name of [a-z][a-z0-9_]*, got \"\""},
    {"[backend]\nuse = \"Redis\"\n"sv, "f.toml:2: backend.use: expected a name of [a-z][a-z0-9_]*, got \"Redis\""},
    {"[backend]\nuse = \"../x\"\n"sv, "f.toml:2: backend.use: expected a name of [a-z][a-z0-9_]*, got \"../x\""},
    {"[backend]\nmodule = \"x.so\"\n"sv, "f.toml:2: backend.module: expected an absolute path, got \"x.so\""},
    {"[backend]\ndurability = \"disk\"\n"sv,
     "f.toml:2: backend.durability: expected one of \"\", memory, process, power, failover, got \"disk\""},
    {"[backend]\nsqlite = \"x.db\"\n"sv, "f.toml:2: backend.sqlite: unknown key"},
    {"[backend.\"a b\"]\n"sv, "f.toml:1: backend.a b: expected a name of [a-z][a-z0-9_]*, got \"a b\""},
    {"[backend.sqlite.more]\nx = 1\n"sv, "f.toml:1: backend.sqlite.more: no setting takes a table"},
    {"[codec]\nuse = \"json\"\n"sv, "f.toml:2: codec.use: expected a list of texts, got \"json\""},
    {"[codec]\nuse = []\n"sv, "f.toml:2: codec.use: expected at least a value codec, got an empty list"},
    {"[codec]\nuse = [\"json\", \"zstd\", \"zstd\"]\n"sv, "f.toml:2: codec.use: \"zstd\" stands there twice"},
    {"[codec]\nalso = [\"zstd\", \"\"]\n"sv, "f.toml:2: codec.also: expected a name of [a-z][a-z0-9_]*, got \"\""},
    {"[backend]\nwrap = \"metrics\"\n"sv, "f.toml:2: backend.wrap: expected a list of texts, got \"metrics\""},
    {"[backend]\nwrap = [\"metrics\", \"fault\", \"metrics\"]\n"sv,
     "f.toml:2: backend.wrap: \"metrics\" stands there twice"},
    {"[backend]\nwrap = [\"../x\"]\n"sv, "f.toml:2: backend.wrap: expected a name of [a-z][a-z0-9_]*, got \"../x\""},
    {"[limiter]\nwrap = [\"metrics\"]\n"sv, "f.toml:2: limiter.wrap: there is nothing to go around: \"use\" is empty"},
    {"[codec]\nuse = [\"JSON\"]\n"sv, "f.toml:2: codec.use: expected a name of [a-z][a-z0-9_]*, got \"JSON\""},
    {"[limiter]\nuse = \"token-bucket\"\n"sv,
     "f.toml:2: limiter.use: expected a name of [a-z][a-z0-9_]*, got \"token-bucket\""},
    {"[tracer]\nuse = [\"log\"]\n"sv, "f.toml:2: tracer.use: expected text in quotes, got a list"},
    {"[plugins]\npath = [\"plugins\"]\n"sv, "f.toml:2: plugins.path: expected absolute directories, got \"plugins\""},
    {"[plugins]\npath = [\"\"]\n"sv, "f.toml:2: plugins.path: expected absolute directories, got \"\""},
    {"[plugins]\nallow = [\"a/b\"]\n"sv, "f.toml:2: plugins.allow: expected a name of [a-z][a-z0-9_]*, got \"a/b\""},
    {"[plugins]\nforce = true\n"sv, "f.toml:2: plugins.force: unknown key"},
    {"[retention]\ncount = -5\n"sv, "f.toml:2: retention.count: expected a whole number from 0, got -5"},
    {"[retention]\nage = \"1y\"\n"sv,
     "f.toml:2: retention.age: expected a duration such as \"250ms\", \"10s\" or \"5m\" from \"0ms\", got \"1y\""},
    {"[retention.x]\n"sv, "f.toml:1: retention.x: unknown section"},
    {"[results]\nbytes = \"1TB\"\n"sv,
     "f.toml:2: results.bytes: expected a size such as \"512B\", \"64KiB\" or \"1GiB\" from \"0B\", got \"1TB\""},
    {"[log]\nlevel = \"verbose\"\n"sv,
     "f.toml:2: log.level: expected one of debug, info, warn, error, got \"verbose\""},
    {"[log]\nlevel = \"\"\n"sv, "f.toml:2: log.level: expected one of debug, info, warn, error, got \"\""},
    {"# caf\xe9\n[worker]\n"sv, "f.toml:1: not UTF-8"},
    {"[worker]\nlease = \"\xff\"\n"sv, "f.toml:2: lease: not UTF-8"},
    {"[worker]\n\xff = 1\n"sv, "f.toml:2: \\xff: not UTF-8"},
    {"[worker]\n\"a\\u0000b\" = 1\n"sv, "f.toml:2: worker.a\\x00b: unknown key"},
    {"[worker]\n\"\\u202Ethreads\" = 1\n"sv,
     "f.toml:2: worker.\\xe2\\x80\\xaethreads: unknown key; did you mean \"threads\"?"},
    {"[worker]\n\"x\\n\\u001b[31m\" = 1\n"sv, "f.toml:2: worker.x\\x0a\\x1b[31m: unknown key"},
    {"\xff\xfe[\0\n"sv, "f.toml:1: not UTF-8"},
    {"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = 1\n"sv,
     "f.toml:1: a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a....: nested deeper than 32"},
    {"[worker]\nhandlers = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n"sv,
     "f.toml:2: handlers: nested deeper than 32"},
    {"[worker]\nthreads = 0x\n"sv,
     "f.toml:2: threads: Error while parsing hexadecimal integer: expected digit, saw '\\n'"},
    {"[worker]\nthreads = 1_\n"sv,
     "f.toml:2: threads: Error while parsing key-value pair: expected a comment or whitespace, saw '_'"},
    {"[worker]\nthreads = 01\n"sv,
     "f.toml:2: threads: Error while parsing decimal integer: leading zeroes are prohibited"},
    {"&anchor x\n*anchor\n"sv,
     "f.toml:1: Error while parsing root table: expected keys, tables, whitespace or comments, saw '&'"},
    {"worker:\n  threads: 4\n"sv, "f.toml:1: Error while parsing key-value pair: expected '=', saw ':'"},
    {"{\"worker\": {\"threads\": 4}}\n"sv,
     "f.toml:1: Error while parsing root table: expected keys, tables, whitespace or comments, saw '{'"},
    {"[worker]\njitter = \"yes\"\n"sv, "f.toml:2: worker.jitter: expected true or false, got \"yes\""},
    {"[worker]\njitter = 1\n"sv, "f.toml:2: worker.jitter: expected true or false, got 1"},
    {"[worker]\nbackoff = 1.0\n"sv,
     "f.toml:2: worker.backoff: expected a duration such as \"250ms\", \"10s\" or \"5m\" from \"0ms\" up to \"365d\", "
     "got 1"},
    {"[worker]\nbackoff_cap = \"1y\"\n"sv,
     "f.toml:2: worker.backoff_cap: expected a duration such as \"250ms\", \"10s\" or \"5m\" from \"0ms\" up to "
     "\"365d\", got \"1y\""},
    {"[worker]\nlocal_if_full = \"drop\"\n"sv,
     "f.toml:2: worker.local_if_full: expected one of reject, block, got \"drop\""},
    {"[worker]\nmax_crashes = 0\n"sv,
     "f.toml:2: worker.max_crashes: expected a whole number from 1 up to 1000000, got 0"},
    {"[worker]\nmax_stuck = 4097\n"sv,
     "f.toml:2: worker.max_stuck: expected a whole number from 0 up to 4096, got 4097"},
    {"[worker]\nretries = 1e3\n"sv, "f.toml:2: worker.retries: expected a whole number from 0 up to 1000000, got 1000"},
    {"[worker]\nretries = +nan\n"sv, "f.toml:2: worker.retries: expected a whole number from 0 up to 1000000, got nan"},
    {"[worker]\nretries = -9223372036854775808\n"sv,
     "f.toml:2: worker.retries: expected a whole number from 0 up to 1000000, got -9223372036854775808"},
    {"[worker]\n\"\" = 1\n"sv, "f.toml:2: worker: unknown key"},
    {"[worker]\n\"threads \" = 1\n"sv, "f.toml:2: worker.threads : unknown key; did you mean \"threads\"?"},
    {"[worker]\nTHREADS = 1\n"sv, "f.toml:2: worker.THREADS: unknown key"},
    {"[limiter]\nmodule = \"x.so\"\n"sv, "f.toml:2: limiter.module: expected an absolute path, got \"x.so\""},
    {"[tracer]\nmodule = \"./x.so\"\n"sv, "f.toml:2: tracer.module: expected an absolute path, got \"./x.so\""},
    {"[retention]\nbytes = 64\n"sv,
     "f.toml:2: retention.bytes: expected a size such as \"512B\", \"64KiB\" or \"1GiB\" from \"0B\", got 64"},
    {"[results]\nage = \"1h30m\"\n"sv,
     "f.toml:2: results.age: expected a duration such as \"250ms\", \"10s\" or \"5m\" from \"0ms\", got \"1h30m\""},
    {"<worker threads=\"4\"/>\n"sv,
     "f.toml:1: <worker threads: Error while parsing root table: expected keys, tables, whitespace or comments, saw "
     "'<'"},
};

// The first complaint of a file's text; empty when there is none.
std::string complaint(std::string_view text) {
  auto root = parse(text, "f.toml");
  if (!root) return root.error().message;
  auto loaded = check_core(std::move(*root));
  return loaded ? "" : loaded.error().message;
}

constexpr std::string_view kGood = R"(
[worker]
threads = 8
queues = { critical = 6, "a.b" = 3, "*" = 1 }
handlers = ["mail", "/opt/x/libpenstock-jobs.so"]
[backend]
use = "redis"
durability = "power"
[backend.redis]
url = "redis://127.0.0.1:6379"
password = "env:REDIS_PASSWORD"
[codec]
use = ["json", "zstd"]
[limiter]
use = "token_bucket"
[limiter.token_bucket]
rate = "500/s"
)";

}  // namespace

TEST_CASE("each bad file has its line") {
  STATIC_REQUIRE(std::size(kBad) >= 110);
  for (const Bad& bad : kBad) {
    CAPTURE(bad.text);
    CHECK(complaint(bad.text) == bad.line);
  }
}

TEST_CASE("a good file is read, and components keep their own keys and lines") {
  auto root = parse(kGood, "f.toml");
  REQUIRE(root);
  auto loaded = check_core(std::move(*root));
  REQUIRE(loaded);
  CHECK(loaded->table("worker").integer("threads") == 8);
  CHECK(loaded->table("worker").duration("lease") == std::chrono::seconds(10));
  CHECK(loaded->queues == std::map<std::string, std::int64_t>{{"*", 1}, {"a.b", 3}, {"critical", 6}});
  CHECK(loaded->table("codec").list("use") == std::vector<std::string>{"json", "zstd"});
  constexpr Setting kUrl[] = {{"url", Kind::string, nullptr, "Server."}};
  auto values = check(kUrl, loaded->component("backend", "redis"));
  REQUIRE_FALSE(values);
  CHECK(values.error().message == "f.toml:11: backend.redis.password: unknown key");
  auto missing = check(kUrl, loaded->component("limiter", "other"));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message == "f.toml:14: limiter.other.url: this key is required; expected text in quotes");
  CHECK(loaded->error("backend", "use", "is not to be found").message == "f.toml:7: backend.use: is not to be found");
}

TEST_CASE("an empty file is the defaults") {
  for (std::string_view text : {""sv, "\n"sv, "# nothing\n"sv, "\xef\xbb\xbf[worker]\r\n"sv}) {
    CHECK(complaint(text) == "");
  }
  auto loaded = check_core({});
  REQUIRE(loaded);
  CHECK(loaded->queues == std::map<std::string, std::int64_t>{{"*", 1}});
  CHECK(loaded->table("worker").integer("max_payload") == 1 << 20);
  CHECK(loaded->table("results").duration("age") == std::chrono::hours(24));
}

TEST_CASE("files that cannot be read say so") {
  CHECK(load("/nowhere/x.toml").error().message == "/nowhere/x.toml: cannot be opened: No such file or directory");
  CHECK(load("/").error().message == "/: cannot be read");
  CHECK(load("/dev/zero").error().message == "/dev/zero: larger than 1MiB, the limit of a config file");
}

TEST_CASE("what is huge or deep is refused before it is parsed") {
  std::string dots = "a";
  while (dots.size() < kMaxFile - 10) dots += ".a";
  CHECK(complaint(dots + " = 1\n").find("nested deeper than 32") != std::string::npos);
  CHECK(complaint(std::string(kMaxFile, '[')) == "f.toml:1: nested deeper than 32");
  CHECK(complaint("x = " + std::string(500'000, '{')).find("nested deeper than 32") != std::string::npos);
  CHECK(complaint(std::string(kMaxFile + 1, ' ')) == "f.toml: larger than 1MiB, the limit of a config file");
  CHECK(complaint("[plugins]\nallow = [\"" + std::string(100'000, 'a') + "\"]\n").size() < 300);
  std::string quoted = std::string(40, '[') + std::string(40, '.');
  CHECK(complaint("[backend.a]\nx = \"" + quoted + "\" # " + quoted + "\n") == "");
  CHECK(complaint("[backend.a]\nx = '''\n" + quoted + "\n'''\n") == "");
}

TEST_CASE("no mutation of a file crashes, and each complaint is one line about the file") {
  std::mt19937 random(20'240'229);
  constexpr std::string_view kPieces[] = {"[",  "]",  "{",   "}",   "\"", "'",  "\"\"\"",     "=",    ".",     ",",
                                          "\n", "\\", "\\u", "nan", "#",  "-",  "\xc3",       "\xff", "1e999", "\0"sv,
                                          "[[", "0x", "_",   "*",   " ",  "\r", "1979-05-27", "true"};
  for (int round = 0; round < rounds(20'000); ++round) {
    std::string text(kGood);
    for (unsigned n = random() % 4 + 1; n > 0; --n) {
      std::size_t at = random() % text.size();
      if (random() % 3 == 0) {
        text.erase(at, random() % 12);
      } else {
        text.insert(at, kPieces[random() % std::size(kPieces)]);
      }
    }
    std::string line = complaint(text);
    if (line.empty()) continue;
    INFO(text);
    REQUIRE(line.rfind("f.toml:", 0) == 0);
    REQUIRE(line.find('\n') == std::string::npos);
    REQUIRE(line.size() < 600);
  }
}
