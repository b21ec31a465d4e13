// Hostile names at every door of the manager: the same verdict everywhere, and one line that says why.
#include <algorithm>
#include <vector>

#include "fixture.hpp"
#include "support/hostile_names.hpp"

using namespace penstock;

namespace {

// A context of the call that is to be refused, and what it threw.
template <class F>
void check_refused(const std::string& name, F&& call) {
  INFO(name.substr(0, 100));
  try {
    call();
    CHECK(false);
  } catch (const Exception& e) {
    CHECK(e.code() == Errc::invalid);
    const std::string text = e.what();
    CHECK(text.size() < 400);
    CHECK(std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
  }
}

}  // namespace

TEST_CASE("a hostile queue name or kind is refused at every door") {
  Store store(every_backend());
  auto tasks = TaskManager::open(store.options());
  tasks.handle<Job>([](const Job&) {});
  const std::string good = "good";
  auto handler = [] { return make_handler<Job>([](const Job&) {}); };
  for (const std::string& name : testing::hostile_names()) {
    if (!name.empty()) {  // empty means: the default
      check_refused(name, [&] { tasks.enqueue(Job{}, {.queue = name}); });
      check_refused(name, [&] { tasks.enqueue_bytes({.kind = "k", .queue = name}, ""); });
      check_refused(name, [&] { tasks.submit([] {}, {.queue = name}); });
      check_refused(name, [&] { tasks.submit([] {}, {.name = name}); });
      check_refused(name, [&] { tasks.add_handler({.kind = "other", .queue = name}, handler()); });
    }
    check_refused(name, [&] { tasks.enqueue_bytes({.kind = name}, ""); });
    check_refused(name, [&] { tasks.add_handler({.kind = name}, handler()); });
    std::string_view alias = name;
    check_refused(name, [&] { tasks.add_handler({.kind = "other", .aliases = {&alias, 1}}, handler()); });
    Options o = store.options();
    o.queues = {{name, 1}};
    if (name != "*") check_refused(name, [&] { TaskManager::open(o); });
  }
  CHECK(tasks.counts().empty());
}

TEST_CASE("nothing is known of a task in a queue of a hostile name, and asking does no harm") {
  Store store(every_backend());
  auto tasks = TaskManager::open(store.options());
  for (const std::string& name : testing::hostile_names()) {
    const TaskRef ref{name, make_task_id()};
    CHECK_FALSE(tasks.info(ref));
    CHECK_FALSE(tasks.await(ref, 0ms));
    CHECK(tasks.cancel(ref) == Cancelled::not_found);
    CHECK(tasks.codec(name) == (name.empty() ? tasks.codec({}) : nullptr));
  }
  CHECK(tasks.counts().empty());
}

TEST_CASE("hostile ids are unknown ids") {
  Store store(every_backend());
  auto tasks = TaskManager::open(store.options());
  const auto known = tasks.enqueue(Job{});
  TaskId zeros{}, ones;
  ones.bytes.fill(0xff);
  std::vector<TaskId> ids{zeros, ones};
  for (std::size_t octet = 0; octet < 16; ++octet) {
    TaskId near = known.id;
    near.bytes[octet] ^= 1;
    ids.push_back(near);
  }
  for (const TaskId& id : ids) {
    CHECK_FALSE(tasks.info({"jobs", id}));
    CHECK(tasks.cancel({"jobs", id}) == Cancelled::not_found);
    CHECK_FALSE(tasks.info({"other", known.id}));
    CHECK_THROWS_AS(tasks.result<std::string>({"jobs", id}, 0ms), Exception);
  }
  CHECK(tasks.info(known));
}

TEST_CASE("middleware cannot bring a hostile name in, nor answer for others") {
  Store store("memory");
  auto tasks = TaskManager::open(store.options());
  int mode = 0;
  tasks.use_enqueue([&](std::span<EnqueueRequest> requests, const EnqueueNext& next) -> std::vector<Enqueued> {
    if (mode == 0) requests[0].ref.queue = "a/b";
    if (mode == 1) requests[0].kind = "a b";
    if (mode == 2) return {};
    if (mode == 3) throw 7;
    if (mode == 4) throw std::runtime_error("no");
    if (mode == 5) requests[0].weight = 0;
    return next(requests);
  });
  for (mode = 0; mode < 6; ++mode) {
    CAPTURE(mode);
    auto out = tasks.enqueue_many(std::vector<Job>(1));
    REQUIRE(out.size() == 1);
    CHECK_FALSE(out[0].accepted());
    CHECK(out[0].error);
    CHECK_THROWS_AS(tasks.enqueue(Job{}), Exception);
  }
  CHECK(tasks.counts().empty());
}

TEST_CASE("a child with a hostile name is refused, and its parent is not harmed") {
  Store store("memory");
  auto tasks = TaskManager::open(store.options());
  std::atomic<int> refused{0};
  const auto names = testing::hostile_names();
  tasks.handle<Job>([&](Context& ctx, const Job&) {
    for (const std::string& name : names) {
      refused += !ctx.add_child({.kind = name}, "", "");
      if (!name.empty()) refused += !ctx.add_child({.kind = "k", .queue = name}, "", "");
    }
    refused += !ctx.add_child({.kind = "k", .weight = 0}, "", "");
    refused += !ctx.add_child({.kind = "k"}, std::string((1 << 20) + 1, 'x'), "");
  });
  auto ref = tasks.enqueue(Job{});
  CHECK(tasks.drain() == 0);
  CHECK(tasks.info(ref)->status == Status::succeeded);
  CHECK(refused == static_cast<int>(2 * names.size() + 1));
}

TEST_CASE("numbers out of their range are refused") {
  Store store("memory");
  auto tasks = TaskManager::open(store.options());
  CHECK_THROWS_AS(tasks.enqueue(Job{}, {.weight = std::uint16_t{0}}), Exception);
  CHECK_THROWS_AS(tasks.enqueue(Job{}, {.backoff = -1ms}), Exception);
  CHECK_THROWS_AS(tasks.enqueue(Job{}, {.backoff_cap = -1ms}), Exception);
  CHECK_THROWS_AS(tasks.enqueue(Job{}, {.timeout = Millis::min()}), Exception);
  CHECK_THROWS_AS(tasks.enqueue(Job{}, {.keep_result = -1s}), Exception);
  CHECK_THROWS_AS(tasks.submit([] {}, {.weight = 0}), Exception);
  CHECK_THROWS_AS(tasks.resize(0), Exception);
  CHECK_THROWS_AS(tasks.resize(4097), Exception);
  CHECK_THROWS_AS(tasks.enqueue_many(std::span<const Job>(), std::vector<TaskId>(1)), Exception);
  CHECK_THROWS_AS(tasks.add_handler({.kind = "k"}, nullptr), Exception);
  std::string_view twice[] = {"a", "a"};
  CHECK_THROWS_AS(tasks.add_handler({.kind = "k", .aliases = twice}, make_handler<Job>([](const Job&) {})), Exception);
  CHECK_NOTHROW(tasks.enqueue(Job{}, {.delay = Millis::max()}));
  CHECK_NOTHROW(tasks.enqueue(Job{}, {.delay = Millis::min()}));
  CHECK_NOTHROW(tasks.enqueue(Job{}, {.at = Time::max()}));
  CHECK_NOTHROW(tasks.enqueue(Job{}, {.at = Time::min()}));
  CHECK_NOTHROW(tasks.enqueue(Job{}, {.timeout = Millis::max()}));
  CHECK_NOTHROW(tasks.enqueue(Job{}, {.keep_result = Millis::max()}));
}

TEST_CASE("options that make no sense are refused when the manager is opened") {
  auto refused = [](auto&& change) {
    Options o = Store("memory").options();
    change(o);
    CHECK_THROWS_AS(TaskManager::open(o), Exception);
  };
  refused([](Options& o) { o.threads = 4097; });
  refused([](Options& o) { o.lease = 29ms; });
  refused([](Options& o) { o.lease = Millis::max(); });
  refused([](Options& o) { o.lease = -1s; });
  refused([](Options& o) { o.batch = 0; });
  refused([](Options& o) { o.timeout = -1ms; });
  refused([](Options& o) { o.grace = Millis::min(); });
  refused([](Options& o) { o.stop_timeout = -1ms; });
  refused([](Options& o) { o.max_crashes = 0; });
  refused([](Options& o) { o.max_payload = 1 << 30; });  // more than the backend takes
  refused([](Options& o) { o.durability = "power"; });
  refused([](Options& o) { o.durability = "disk"; });
  refused([](Options& o) { o.codecs.assign(10, {.use = "json"}); });
  for (const char* name : {"", "Memory", "../memory", "nowhere"}) {
    refused([name](Options& o) { o.backend.use = name; });
    if (*name) refused([name](Options& o) { o.limiter.use = name; });
    if (*name) refused([name](Options& o) { o.tracer.use = name; });
  }
}
