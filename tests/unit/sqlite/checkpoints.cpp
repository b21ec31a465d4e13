// Checkpoints keep clear of SQLite's WAL-reset bug: none by itself, and ours only under the write lock.
#include <set>

#include "store.hpp"
#include "support/lock_watch.hpp"
#include "torture/raw_sqlite.hpp"

using namespace penstock;
using namespace penstock::testing;
using penstock::torture::Raw;

namespace {

// Every connection that this process opens.
std::set<sqlite3*> connections;
int note_connection(sqlite3* db, char**, const sqlite3_api_routines*) {
  connections.insert(db);
  return SQLITE_OK;
}
struct Noting {
  Noting() { connections.clear(), sqlite3_auto_extension(reinterpret_cast<void (*)()>(note_connection)); }
  ~Noting() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(note_connection)); }
};

std::int64_t ask(sqlite3* db, const char* sql) {
  std::int64_t out = -1;
  const auto keep = [](void* to, int, char** text, char**) {
    *static_cast<std::int64_t*>(to) = std::atoll(text[0]);
    return 0;
  };
  REQUIRE(sqlite3_exec(db, sql, keep, &out, nullptr) == SQLITE_OK);
  return out;
}

void fill(DurableBackend& b, unsigned first, unsigned last) {
  for (unsigned n = first; n <= last; ++n) enqueue(b, task(n, std::string(1500, 'x')));
}

// A connection as SQLite opens it by default.
void make_plain(const std::string& path) {
  Raw db(path, "watch");
  REQUIRE(db.run("PRAGMA journal_mode=WAL; CREATE TABLE t(x)") == SQLITE_OK);
}

}  // namespace

TEST_CASE("every connection leaves the log alone, by itself and when it is closed") {
  Noting noting;
  Store store;
  DurableBackend& b = store.open({{"checkpoint", std::string("64KiB")}});
  fill(b, 1, 60);  // enough for a checkpoint, and so for its connection
  REQUIRE(connections.size() == 3);
  for (sqlite3* db : connections) {
    CHECK(ask(db, "PRAGMA wal_autocheckpoint") == 0);
    int without_checkpoint = 0;
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, -1, &without_checkpoint);
    CHECK(without_checkpoint == 1);
    CHECK(ask(db, "PRAGMA synchronous") == 2);
  }
}

TEST_CASE("checkpoints run under the write lock, and never start the log over") {
  LockWatch watch("watch");
  Store store;
  DurableBackend& b = store.open({{"vfs", std::string("watch")}, {"checkpoint", std::string("64KiB")}});
  fill(b, 1, 300);
  store.backend.reset();
  CHECK(watch.checkpoints() > 5);
  CHECK(watch.unlocked() == 0);
  CHECK(watch.blocking() == 0);
  CHECK(watch.removed() == 0);
}

TEST_CASE("the watch sees a checkpoint that comes by itself") {
  LockWatch watch("watch");
  Store store;
  make_plain(store.path);
  Raw db(store.path, "watch");
  REQUIRE(db.run("PRAGMA wal_autocheckpoint=1; INSERT INTO t VALUES(1)") == SQLITE_OK);
  CHECK(watch.unlocked() == 1);
}

TEST_CASE("the watch sees a checkpoint at the close of a connection") {
  LockWatch watch("watch");
  Store store;
  make_plain(store.path);
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open_v2(store.path.c_str(), &db, SQLITE_OPEN_READWRITE, "watch") == SQLITE_OK);
  REQUIRE(sqlite3_exec(db, "INSERT INTO t VALUES(1)", nullptr, nullptr, nullptr) == SQLITE_OK);
  CHECK(watch.removed() == 0);
  sqlite3_close(db);
  CHECK(watch.removed() == 1);
}

TEST_CASE("the watch sees a checkpoint that blocks writers") {
  LockWatch watch("watch");
  Store store;
  make_plain(store.path);
  Raw db(store.path, "watch");
  REQUIRE(db.run("INSERT INTO t VALUES(1); PRAGMA wal_checkpoint(TRUNCATE)") == SQLITE_OK);
  CHECK(watch.blocking() == 1);
}
