// Payloads and results: of every size up to the limit, and of every octet, they come back as they went in.
#include <atomic>
#include <cstring>
#include <mutex>
#include <random>

#include "fixture.hpp"

using namespace penstock;

namespace {

constexpr Policy kRaw{.kind = "raw", .queue = "raw", .retries = 0};

// The octets of task `n`, the same whenever they are made: what is between them has a meaning somewhere.
std::string octets(std::uint64_t n) {
  static constexpr std::string_view kPieces[] = {
      "\r\n", "$-1\r\n", "*3\r\n", "\"", "\\u0000", "{\"a\":", "]", "\xff\xfe", "\xc0\x80", "'; --", "%s%n", "\x1b[2J"};
  std::mt19937_64 random(n);
  std::string out(reinterpret_cast<const char*>(&n), sizeof n);
  for (std::uint64_t left = random() % 8; left > 0; --left) {
    if (random() % 2 == 0) {
      out += kPieces[random() % std::size(kPieces)];
    } else {
      for (std::uint64_t k = random() % 16; k > 0; --k) out += static_cast<char>(random());
    }
    out.append(random() % 3, '\0');
  }
  return out;
}

}  // namespace

TEST_CASE("payloads of any octets come back byte for byte") {
  const std::string backend = every_backend();
  Store store(backend);
  auto tasks = TaskManager::open(store.options());
  const std::uint64_t count = backend == "memory" ? 100'000 : 20'000;
  std::atomic<std::uint64_t> same{0}, different{0};
  tasks.handle(kRaw, [&](Context& ctx) {
    std::uint64_t n = 0;
    std::memcpy(&n, ctx.payload().data(), std::min(sizeof n, ctx.payload().size()));
    ++(ctx.payload() == octets(n) ? same : different);
  });
  tasks.start();
  for (std::uint64_t from = 0; from < count; from += 1000) {
    std::vector<Draft> drafts;
    for (std::uint64_t n = from; n < from + 1000; ++n) drafts.push_back({kRaw, octets(n), {}});
    for (const Enqueued& e : tasks.enqueue_drafts(std::move(drafts))) REQUIRE(e.created());
  }
  CHECK(tasks.drain() == 0);
  CHECK(same == count);
  CHECK(different == 0);
}

TEST_CASE("results of any octets come back byte for byte") {
  Store store(every_backend());
  auto tasks = TaskManager::open(store.options());
  tasks.handle(kRaw, [](Context& ctx) { return std::string(ctx.payload()); });
  tasks.start();
  std::vector<TaskRef> refs;
  for (std::uint64_t n = 0; n < 500; ++n) refs.push_back(tasks.enqueue_bytes(kRaw, octets(n)));
  for (std::uint64_t n = 0; n < 500; ++n) REQUIRE(tasks.result<std::string>(refs[n], 20s) == octets(n));
}

TEST_CASE("a payload or a result of the limit is taken, one octet more is refused and named") {
  Store store(every_backend());
  Options o = store.options();
  const std::size_t limit = GENERATE(std::size_t{1 << 20}, std::size_t{1000});
  o.max_payload = limit;
  auto tasks = TaskManager::open(o);
  tasks.handle(kRaw, [](Context& ctx) { return std::string(ctx.payload()); });
  tasks.handle(Policy{.kind = "large", .retries = 0}, [&](Context&) { return std::string(limit + 1, 'x'); });
  tasks.start();
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, limit - 1, limit}) {
    const std::string payload(size, '\xa5');
    CHECK(tasks.result<std::string>(tasks.enqueue_bytes(kRaw, payload), 20s) == payload);
  }
  try {
    tasks.enqueue_bytes(kRaw, std::string(limit + 1, 'x'));
    CHECK(false);
  } catch (const Exception& e) {
    CHECK(e.code() == Errc::resource_exhausted);
    CHECK(std::string(e.what()).find(std::to_string(limit + 1)) != std::string::npos);
  }
  auto large = tasks.await(tasks.enqueue_bytes({.kind = "large"}, ""), 20s);
  CHECK(large->status == Status::failed);
  CHECK(large->error == "result: " + std::to_string(limit + 1) + " octets; the limit is " + std::to_string(limit));
}

TEST_CASE("a result that would not fit the store's record is a failure, not an endless task") {
  Store store("memory");
  Options o = store.options();
  o.backend.settings["max_body"] = std::string("64KiB");
  o.max_payload = 64 << 10;
  auto tasks = TaskManager::open(o);
  std::atomic<int> runs{0};
  tasks.handle(kRaw, [&](Context&) {
    ++runs;
    return std::string(64 << 10, 'x');
  });
  auto info = (tasks.start(), tasks.await(tasks.enqueue_bytes(kRaw, ""), 20s));
  CHECK(info->status == Status::failed);
  CHECK(info->error.find("the limit is") != std::string::npos);
  CHECK(runs == 1);
}

TEST_CASE("metadata is kept up to its limits") {
  Store store(every_backend());
  auto tasks = TaskManager::open(store.options());
  std::string seen;
  tasks.handle<Job>([&](Context& ctx, const Job&) { seen = ctx.metadata("key63"); });
  Metadata most;
  for (int i = 0; i < 64; ++i) most.emplace_back("key" + std::to_string(i), std::string(200, static_cast<char>(i)));
  auto ref = tasks.enqueue(Job{}, {.metadata = most});
  CHECK(tasks.drain() == 0);
  CHECK(tasks.info(ref)->status == Status::succeeded);
  CHECK(seen == std::string(200, 63));
  auto other = TaskManager::open(store.options());
  most.emplace_back("one", "more");
  CHECK_THROWS_AS(other.enqueue(Job{}, {.metadata = most}), Exception);
  CHECK_THROWS_AS(other.enqueue(Job{}, {.metadata = {{"large", std::string(16 << 10, 'x')}}}), Exception);
  CHECK_NOTHROW(other.enqueue(Job{}, {.metadata = {{"large", std::string((16 << 10) - 5, 'x')}}}));
}

TEST_CASE("a payload that its codec cannot read is a failure like any other") {
  Store store("memory");
  auto tasks = TaskManager::open(store.options());
  tasks.handle<Job>([](const Job&) {});
  tasks.start();
  for (const char* text : {"", "{", "[]", "{\"name\":7}", "\xff", "null"}) {
    auto info = tasks.await(tasks.enqueue_drafts({{job<Job>, text, "json"}}, {.retries = 0})[0].ref, 20s);
    REQUIRE(info);
    CAPTURE(text);
    CHECK(info->status == Status::failed);
    CHECK(info->error.rfind("payload of test.job: ", 0) == 0);
  }
}
