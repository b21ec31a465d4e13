// The outbox: tasks that come and go with the user's transaction, and the relay that moves them.
#include <algorithm>
#include <mutex>
#include <thread>
#include <vector>

#include <penstock/builtin.hpp>

#include "plugins/host.hpp"
#include "shop.hpp"

using penstock::Context;
using penstock::Errc;
using penstock::Outbox;
using penstock::OutboxRelay;
using penstock::Status;

namespace {

// A shop, a manager that notes which orders it ran, and an outbox between them.
struct Scene {
  explicit Scene(const std::string& backend = "memory") : Scene(Store(backend).options(), backend) {}
  Scene(penstock::Options options, const std::string& backend)
      : store(backend), db(store.file("shop.db")), tasks(penstock::TaskManager::open(adjusted(std::move(options)))) {
    make_shop(db);
    tasks.handle<Job>([this](const Job& job) {
      std::lock_guard lock(mutex);
      ran.push_back(job.number);
    });
  }
  penstock::Options adjusted(penstock::Options options) const {
    if (options.backend.use == "sqlite") options.backend.settings["path"] = store.file("tasks.db");
    return options;
  }
  OutboxRelay relay(penstock::RelayOptions options = {}) {
    return OutboxRelay(tasks, penstock::outbox_rows(store.file("shop.db")), options);
  }
  std::string refusal() { return db.text("SELECT reason FROM penstock_outbox_refused ORDER BY n DESC LIMIT 1"); }

  std::mutex mutex;
  std::vector<int> ran;
  Store store;
  Db db;
  penstock::TaskManager tasks;  // its handlers use what stands above
  Outbox outbox{tasks};
};

template <class F>
Errc thrown(F&& f) {
  try {
    f();
  } catch (const penstock::Exception& e) {
    return e.code();
  }
  return Errc{};
}

}  // namespace

TEST_CASE("a rollback takes the task with it; a commit leaves it, and it runs") {
  Scene s(every_backend());
  auto relay = s.relay();
  s.db.run("BEGIN");
  s.db.run("INSERT INTO orders VALUES(1)");
  s.outbox.enqueue(s.db, Job{"order", 1});
  CHECK(relay.flush() == 0);  // not committed: nobody else sees it
  s.db.run("ROLLBACK");
  CHECK(relay.flush() == 0);
  place_order(s.db, s.outbox, 2);
  CHECK(s.db.waiting() == 1);
  CHECK(relay.flush() == 1);
  CHECK(s.db.waiting() == 0);
  CHECK(s.tasks.drain() == 0);
  CHECK(s.ran == std::vector{2});
  CHECK(relay.stats().moved == 1);
}

TEST_CASE("the task is the one that enqueue would have made") {
  Scene s("sqlite");
  s.tasks.use_enqueue([](std::span<penstock::EnqueueRequest> requests, const penstock::EnqueueNext& next) {
    for (auto& r : requests) r.metadata.emplace_back("tenant", "acme");
    return next(requests);
  });
  std::string seen;
  s.tasks.handle(penstock::Policy{.kind = "raw", .queue = "bytes", .priority = 7}, [&](Context& ctx) {
    std::lock_guard lock(s.mutex);
    seen = std::string(ctx.payload()) + "/" + std::string(ctx.metadata("tenant")) + "/" +
           std::to_string(ctx.task().priority);
  });
  int queued = 0;
  s.tasks.add_hooks({.on_queued = [&](const penstock::TaskEvent&) { ++queued; },
                     .on_start = {},
                     .on_retry = {},
                     .on_finish = {},
                     .on_lost = {}});
  auto before = penstock::system_clock().wall();
  auto later = s.outbox.enqueue(s.db, Job{"later", 1}, {.priority = 3, .weight = 9, .delay = 1h});
  auto bytes = s.outbox.enqueue_bytes(s.db, {.kind = "raw", .queue = "bytes", .priority = 7}, std::string("a\0b", 3));
  CHECK(queued == 0);  // they are in no queue yet
  CHECK_FALSE(s.tasks.info(bytes));
  CHECK(s.relay().flush() == 2);
  CHECK(queued == 2);
  CHECK(s.tasks.metrics().by_queue.at("bytes").scheduled == 1);
  auto info = s.tasks.info(later);
  REQUIRE(info);
  CHECK(info->status == Status::scheduled);
  CHECK(info->priority == 3);
  CHECK(info->due >= before + 1h);
  CHECK(info->due <= penstock::system_clock().wall() + 1h);
  s.tasks.start();
  CHECK(s.tasks.await(bytes, 10s)->status == Status::succeeded);
  CHECK(seen == std::string("a\0b/acme/7", 10));
}

TEST_CASE("an enqueue that fails leaves the transaction open and the outbox as it was") {
  Scene s;
  s.db.run("BEGIN");
  s.outbox.enqueue(s.db, Job{"order", 1});
  std::vector<Job> jobs(5);
  CHECK(thrown([&] { s.outbox.enqueue_many(s.db, jobs, {.queue = "no such name!"}); }) == Errc::invalid);
  CHECK(thrown([&] { s.outbox.enqueue(s.db, Job{std::string(2 << 20, 'x')}); }) == Errc::resource_exhausted);
  CHECK(thrown([&] { s.outbox.enqueue(s.db, Job{}, {.queue_limit = 3}); }) == Errc::unsupported);
  CHECK(thrown([&] { s.outbox.enqueue(s.db, Job{}, {.if_full = penstock::IfFull::block}); }) == Errc::unsupported);
  CHECK(sqlite3_get_autocommit(s.db) == 0);
  CHECK(s.db.waiting() == 1);
  CHECK(s.outbox.enqueue_many(s.db, jobs).size() == 5);
  s.db.run("COMMIT");
  CHECK(s.db.waiting() == 6);
}

TEST_CASE("many tasks are all written or none") {
  Scene s;
  s.db.run(
      "CREATE TRIGGER third BEFORE INSERT ON penstock_outbox WHEN (SELECT count(*) FROM penstock_outbox) = 2 "
      "BEGIN SELECT RAISE(FAIL, 'no third one'); END");
  std::vector<Job> jobs(4);
  try {
    s.outbox.enqueue_many(s.db, jobs);
    FAIL("not refused");
  } catch (const penstock::Exception& e) {
    CHECK_THAT(e.what(),
               Catch::Contains("shop.db: INSERT INTO main.penstock_outbox") && Catch::Contains("no third one"));
  }
  CHECK(s.db.waiting() == 0);
  CHECK(sqlite3_get_autocommit(s.db) == 1);
}

TEST_CASE("without the tables the error says so; the relay makes them") {
  Store store("memory");
  Db db(store.file("bare.db"));
  auto tasks = penstock::TaskManager::open(store.options());
  Outbox outbox(tasks);
  CHECK_THROWS_WITH(outbox.enqueue(db, Job{}), Catch::Contains("no such table: main.penstock_outbox"));
  OutboxRelay relay(tasks, penstock::outbox_rows(store.file("bare.db")));
  CHECK_NOTHROW(outbox.enqueue(db, Job{}));
  CHECK(relay.flush() == 1);
  CHECK_THROWS_WITH(penstock::outbox_rows(store.file("absent/shop.db")), Catch::Contains("unable to open"));
}

TEST_CASE("rows that cannot go are set aside with the reason, and can be tried again") {
  Scene s(every_backend());
  auto relay = s.relay();
  auto taken = s.tasks.enqueue(Job{"first", 1}, {.delay = 1h});
  s.db.run("INSERT INTO penstock_outbox(id, queue, kind, task) VALUES('?', 'q', 'k', 'garbage')");
  s.outbox.enqueue(s.db, Job{"another", 2}, {.id = taken.id});
  place_order(s.db, s.outbox, 3);
  CHECK(relay.flush() == 3);
  CHECK((s.db.waiting() == 0 && s.db.refused() == 2));
  CHECK(s.refusal() == "conflict: the id is taken by a task with another content");
  CHECK(relay.stats().refused == 2);
  CHECK_FALSE(relay.stats().trouble);
  CHECK(s.tasks.cancel(taken) == penstock::Cancelled::was_waiting);
  CHECK(s.tasks.drain() == 0);
  CHECK(s.ran == std::vector{3});
  s.db.run(
      "INSERT INTO penstock_outbox(id, queue, kind, task) SELECT id, queue, kind, task FROM penstock_outbox_refused;"
      "DELETE FROM penstock_outbox_refused");
  CHECK(relay.flush() == 2);
  CHECK(s.db.refused() == 2);
}

TEST_CASE("a commit that is notified of moves at once; any other within the poll") {
  bool told = GENERATE(true, false);
  Scene s(every_backend());
  auto relay = s.relay({.poll = told ? std::chrono::milliseconds(1h) : 1ms});
  relay.start();
  relay.start();
  s.tasks.start();
  for (int n = 1; n <= 20; ++n) {
    s.db.run("BEGIN");
    auto ref = s.outbox.enqueue(s.db, Job{"order", n});
    s.db.run("COMMIT");
    if (told) relay.notify();
    // Absent while it is on its way: the store may be asked before the relay has been there.
    std::optional<penstock::TaskInfo> info;
    while (!info) info = s.tasks.await(ref, 1min);
    CHECK(info->status == Status::succeeded);
  }
  if (told) CHECK(relay.stats().looks == 0);
  relay.stop();
  relay.stop();
  place_order(s.db, s.outbox, 21);
  CHECK(s.db.waiting() == 1);  // nobody moves it
  relay.start();
  relay.stop();
}

TEST_CASE("two relays on one outbox move each task once, in order") {
  Scene s(every_backend());
  {
    auto one = s.relay({.batch = 7, .poll = 1ms}), two = s.relay({.batch = 5, .poll = 1ms});
    one.start();
    two.start();
    for (int n = 0; n < 300; ++n) place_order(s.db, s.outbox, n);
    one.flush();
    CHECK(s.db.waiting() == 0);
    CHECK(one.stats().refused + two.stats().refused == 0);
  }
  s.tasks.resize(1);  // so that the order of running is the order of arrival
  CHECK(s.tasks.drain() == 0);
  CHECK(s.ran.size() == 300);
  CHECK(std::ranges::is_sorted(s.ran));
}

// A backend that is away when told so, and one that does what it is asked and loses the answer.
namespace {

enum class Fault { none, away, silent } fault = Fault::none;

class Faulty final : public penstock::DurableBackend {
 public:
  explicit Faulty(std::unique_ptr<penstock::DurableBackend> real) : real_(std::move(real)) {}
  static penstock::Result<std::unique_ptr<penstock::DurableBackend>> open(penstock::Host& host,
                                                                          const penstock::Settings&) {
    penstock::plugins::HostOptions where;
    where.builtin = penstock::builtin_plugins();
    auto plugins = penstock::plugins::PluginHost::make(host, where.from_environment());
    if (!plugins) return plugins.error();
    auto real = (*plugins)->create(kKind, "memory", {});
    if (!real) return real.error();
    return std::unique_ptr<penstock::DurableBackend>(std::make_unique<Faulty>(
        std::unique_ptr<penstock::DurableBackend>(static_cast<penstock::DurableBackend*>(real->release()))));
  }
  void* query(std::string_view id) noexcept override { return real_->query(id); }
  penstock::Properties properties() const noexcept override { return real_->properties(); }
  penstock::Result<penstock::Exchanged> exchange(const penstock::Exchange& e) noexcept override {
    return real_->exchange(e);
  }
  penstock::Result<std::vector<penstock::Admission>> enqueue(std::span<const penstock::NewTask> tasks,
                                                             const penstock::Guard* guard) noexcept override {
    if (fault == Fault::away) return penstock::Error{Errc::unavailable, "gone fishing", true};
    auto answer = real_->enqueue(tasks, guard);
    if (fault == Fault::silent) return penstock::Error{Errc::unknown_outcome, "no answer", true};
    return answer;
  }
  penstock::Result<std::vector<penstock::Item>> cancel(std::span<const penstock::TaskKey> k) noexcept override {
    return real_->cancel(k);
  }
  penstock::Result<std::vector<std::optional<penstock::Record>>> get(
      std::span<const penstock::TaskKey> k) noexcept override {
    return real_->get(k);
  }
  penstock::Result<std::vector<penstock::Counts>> counts() noexcept override { return real_->counts(); }
  penstock::Result<std::uint64_t> trim(const penstock::Retention& r) noexcept override { return real_->trim(r); }

 private:
  std::unique_ptr<penstock::DurableBackend> real_;
};

const penstock::PluginDescriptor* faulty_plugin() noexcept {
  static constexpr penstock::Component kComponents[] = {
      penstock::component<penstock::DurableBackend, Faulty, penstock::Waiter>("faulty",
                                                                              "Memory that fails when told.")};
  static constexpr penstock::PluginDescriptor kPlugin{
      .name = "faulty", .version = "1", .license = "MIT", .components = kComponents, .components_count = 1};
  return &kPlugin;
}

}  // namespace

TEST_CASE("while the backend is away rows stay; when it is back they move, once each") {
  Fault kind = GENERATE(Fault::away, Fault::silent);
  penstock::Options options = Store("memory").options();
  options.plugins = {faulty_plugin};
  options.backend = {.use = "faulty"};
  Scene s(options, "memory");
  auto relay = s.relay();
  for (int n = 1; n <= 5; ++n) place_order(s.db, s.outbox, n);
  fault = kind;
  CHECK(thrown([&] { relay.flush(); }) == (kind == Fault::away ? Errc::unavailable : Errc::unknown_outcome));
  CHECK(relay.stats().trouble);
  CHECK(s.db.waiting() == 5);
  fault = Fault::none;
  CHECK(relay.flush() == 5);
  CHECK_FALSE(relay.stats().trouble);
  s.tasks.resize(1);
  CHECK(s.tasks.drain() == 0);
  CHECK(s.ran == std::vector{1, 2, 3, 4, 5});
}

TEST_CASE("a file that somebody else writes to holds the relay up, and no longer") {
  Scene s;
  auto relay = s.relay();
  place_order(s.db, s.outbox, 1);
  s.db.run("BEGIN IMMEDIATE");
  CHECK(thrown([&] { relay.flush(); }) == Errc::unavailable);  // accepted by the backend, but not taken out
  s.db.run("COMMIT");
  CHECK(relay.flush() == 1);
  CHECK(s.tasks.drain() == 0);
  CHECK(s.ran == std::vector{1});
}
