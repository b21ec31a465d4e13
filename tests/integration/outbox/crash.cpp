// kill -9 before every single statement that producer, relay and store send to SQLite: an order that
// was committed is confirmed once, an order that was not never.
#include <csignal>
#include <mutex>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "shop.hpp"

using penstock::Outbox;
using penstock::OutboxRelay;

namespace {

int statements_left = 0;  // until this process kills itself

int before_statement(unsigned, void*, void*, void*) {
  if (--statements_left == 0) ::raise(SIGKILL);
  return 0;
}

int watch(sqlite3* db, char**, const struct sqlite3_api_routines*) {
  return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, before_statement, nullptr);
}

// Runs `work` in a child that dies before its `statement`-th statement on any connection; 0: it lives.
// Answers whether it died so.
template <class F>
bool killed_at(int statement, F&& work) {
  pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    statements_left = statement;
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(watch));
    int status = 1;
    try {
      work();
      status = 0;
    } catch (const std::exception& e) {
      std::fprintf(stderr, "child: %s\n", e.what());
    }
    ::_exit(status);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFEXITED(status)) REQUIRE(WEXITSTATUS(status) == 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

void produce(const Store& store, int orders) {
  auto options = store.options();
  options.backend = {.use = "memory"};  // a producer's manager lends its codecs only
  auto tasks = penstock::TaskManager::open(options);
  Outbox outbox(tasks);
  Db db(store.file("shop.db"));
  for (int n = 1; n <= orders; ++n) place_order(db, outbox, n);
}

void relay(const Store& store, penstock::RelayOptions options = {}) {
  auto tasks = penstock::TaskManager::open(store.options());
  OutboxRelay(tasks, penstock::outbox_rows(store.file("shop.db")), options).flush();
}

// Moves what is left, runs everything, and compares what ran with what was ordered.
void settle_up(const Store& store, int at_least) {
  std::vector<int> ran;
  {
    auto tasks = penstock::TaskManager::open(store.options());
    std::mutex mutex;
    tasks.handle<Job>([&](const Job& job) {
      std::lock_guard lock(mutex);
      ran.push_back(job.number);
    });
    tasks.resize(1);
    OutboxRelay(tasks, penstock::outbox_rows(store.file("shop.db"))).flush();
    CHECK(tasks.drain() == 0);
  }
  Db db(store.file("shop.db"));
  int orders = db.number("SELECT count(*) FROM orders");
  CHECK(orders >= at_least);
  std::vector<int> expected;
  for (int n = 1; n <= orders; ++n) expected.push_back(n);
  CHECK(ran == expected);
  CHECK(db.waiting() + db.refused() == 0);
  CHECK(db.text("PRAGMA integrity_check") == "ok");
}

}  // namespace

TEST_CASE("a producer killed before any of its statements leaves orders and tasks that match") {
  int kills = 0;
  for (int statement = 1;; ++statement) {
    Store store("sqlite");
    {
      Db db(store.file("shop.db"));
      make_shop(db);
    }
    CAPTURE(statement);
    bool killed = killed_at(statement, [&] { produce(store, 3); });
    settle_up(store, killed ? 0 : 3);
    if (!killed) break;
    ++kills;
  }
  CHECK(kills >= 3 * 5);  // BEGIN, order, savepoint, task, COMMIT
}

TEST_CASE("a relay killed before any statement of its own or of the store loses and doubles nothing") {
  int kills = 0;
  for (int statement = 1;; ++statement) {
    Store store("sqlite");
    {
      Db db(store.file("shop.db"));
      make_shop(db);
    }
    produce(store, 5);
    CAPTURE(statement);
    bool killed = killed_at(statement, [&] { relay(store, {.batch = 2}); });
    settle_up(store, 5);
    if (!killed) break;
    ++kills;
  }
  CHECK(kills >= 30);
}

TEST_CASE("two relays in two processes, and one of them killed, move each task once") {
  for (int statement : {0, 40, 60, 80, 100, 150}) {
    Store store("sqlite");
    {
      Db db(store.file("shop.db"));
      make_shop(db);
    }
    produce(store, 100);
    pid_t other = ::fork();
    REQUIRE(other >= 0);
    if (other == 0) {
      try {
        relay(store, {.batch = 3});
      } catch (const std::exception&) {  // busy: the other one has it
      }
      ::_exit(0);
    }
    killed_at(statement, [&] {
      try {
        relay(store, {.batch = 4});
      } catch (const penstock::Exception&) {
      }
    });
    int status = 0;
    REQUIRE(::waitpid(other, &status, 0) == other);
    CAPTURE(statement);
    settle_up(store, 100);
  }
}
