// Transactional enqueue: a task that comes and goes with a transaction of your own SQLite file.
//
//   penstock::Outbox outbox(tasks);
//   penstock::OutboxRelay relay(tasks, penstock::outbox_rows("shop.db"));
//   relay.start();
//   ...
//   BEGIN on your connection `db`
//     INSERT INTO orders ...                        // your data
//     outbox.enqueue(db, ConfirmOrder{number});     // and the task that goes with it
//   COMMIT
//   relay.notify();
//
// After the COMMIT the task will run, whatever dies next; after a ROLLBACK, or a death before the
// COMMIT, there never was one. What is needed for that is a table in your file, create() makes it. The
// relay moves its rows into whatever backend the manager has; what it promises stands in
// penstock/relay.hpp. It may run in this process, in another one, or in several.
//
// The relay writes to your file too, for a moment at a time, over a connection of its own: give your
// connections a busy timeout (sqlite3_busy_timeout), as with any second connection.
//
// The table's rows are those of the database `main` of the connection. Between the COMMIT and the
// move a task is in no queue: it cannot be looked up or cancelled, and drain() does not wait for it;
// call relay.flush() before.
//
// An outbox takes whatever TaskManager::enqueue takes, through the same policy, codecs, tracer and
// enqueue middleware, but for EnqueueOptions::queue_limit and IfFull::block, which are refused
// (Errc::unsupported): a transaction cannot wait for room in a queue. EnqueueOptions::delay counts
// from the call; unique keys are asked for, and held, from the move on: a task that finds its key taken
// is set aside, with IfTaken::keep it is let go. The hook on_queued is called, and the task counted, by
// the relay.
//
// Tasks set aside are in penstock_outbox_refused, with the reason. To try them again:
//   INSERT INTO penstock_outbox(id, queue, kind, task) SELECT id, queue, kind, task FROM penstock_outbox_refused;
//   DELETE FROM penstock_outbox_refused;
//
// Note: this is the one header of Penstock that includes a store's, and it is header-only, so that
// your file is touched by one copy of SQLite only: yours. Link it (dependency('sqlite3')). The relay's
// connection never checkpoints: that stays with yours. SQLite before 3.51.3 can, rarely, damage a WAL
// file when two connections write and checkpoint at the same moment (sqlite.org/wal.html, "the WAL-reset
// bug"); that holds for the relay's connection as for any second one of yours.
#pragma once

#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <sqlite3.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <penstock/manager.hpp>
#include <penstock/relay.hpp>

namespace penstock {

namespace impl {

inline Error sqlite_error(sqlite3* db, int code, std::string_view what) {
  Errc meant = Errc::internal;
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_INTERRUPT:
      meant = Errc::unavailable;
      break;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      meant = Errc::resource_exhausted;
      break;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      meant = Errc::permission;
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      meant = Errc::data_regression;
      break;
    case SQLITE_TOOBIG:
      meant = Errc::invalid;
      break;
  }
  const char* path = db ? sqlite3_db_filename(db, "main") : nullptr;
  const char* words = db ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  return {meant, "outbox in " + std::string(path && *path ? path : "memory") + ": " + std::string(what) + ": " + words,
          meant == Errc::unavailable || meant == Errc::resource_exhausted};
}

// One statement, from its preparation to its end. The first error is kept, and nothing is done after it.
class OutboxStatement {
 public:
  OutboxStatement(sqlite3* db, const char* sql) : db_(db), sql_(sql) {
    keep(sqlite3_prepare_v2(db, sql, -1, &statement_, nullptr));
  }
  ~OutboxStatement() { sqlite3_finalize(statement_); }
  OutboxStatement(const OutboxStatement&) = delete;
  OutboxStatement& operator=(const OutboxStatement&) = delete;

  void bind(int at, std::int64_t value) {
    if (good()) keep(sqlite3_bind_int64(statement_, at, value));
  }
  // Not copied: the octets outlive the statement's use.
  void bind_text(int at, std::string_view value) {
    if (good()) keep(sqlite3_bind_text64(statement_, at, data(value), value.size(), SQLITE_STATIC, SQLITE_UTF8));
  }
  void bind_blob(int at, std::string_view value) {
    if (good()) keep(sqlite3_bind_blob64(statement_, at, data(value), value.size(), SQLITE_STATIC));
  }
  bool row() {  // false at the end, and after an error
    if (!good()) return false;
    int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) keep(code);
    return false;
  }
  // Runs it to its end, and makes it ready for the next use.
  void run() {
    while (row()) {
    }
    if (good()) keep(sqlite3_reset(statement_));
  }
  std::int64_t integer(int column) { return sqlite3_column_int64(statement_, column); }
  std::string octets(int column) {
    const void* at = sqlite3_column_blob(statement_, column);
    return at ? std::string(static_cast<const char*>(at),
                            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)))
              : std::string();
  }
  bool good() const noexcept { return !error_; }
  Result<void> result() const {
    if (good()) return {};
    return *error_;
  }

 private:
  static const char* data(std::string_view value) { return value.empty() ? "" : value.data(); }
  void keep(int code) {
    if (code != SQLITE_OK) error_ = sqlite_error(db_, code, sql_);
  }

  sqlite3* db_;
  const char* sql_;
  sqlite3_stmt* statement_ = nullptr;
  std::optional<Error> error_;
};

inline Result<void> sqlite_run(sqlite3* db, const char* sql) {
  int code = sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return {};
  return sqlite_error(db, code, sql);
}

inline Result<void> create_outbox(sqlite3* db) {
  return sqlite_run(db,
                    "CREATE TABLE IF NOT EXISTS main.penstock_outbox("
                    "n INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL, queue TEXT NOT NULL, kind TEXT NOT NULL, "
                    "task BLOB NOT NULL);"
                    "CREATE TABLE IF NOT EXISTS main.penstock_outbox_refused("
                    "n INTEGER PRIMARY KEY, id BLOB NOT NULL, queue TEXT NOT NULL, kind TEXT NOT NULL, "
                    "task BLOB NOT NULL, reason TEXT NOT NULL, refused_at TEXT NOT NULL)");
}

// Everything between its making and keep() is undone otherwise; nests in the caller's transaction.
class OutboxSavepoint {
 public:
  explicit OutboxSavepoint(sqlite3* db) : db_(db) { value_or_throw(sqlite_run(db, "SAVEPOINT penstock_outbox")); }
  ~OutboxSavepoint() {
    // An error may have ended the whole transaction, and this savepoint with it.
    if (!kept_) sqlite3_exec(db_, "ROLLBACK TO penstock_outbox; RELEASE penstock_outbox", nullptr, nullptr, nullptr);
  }
  OutboxSavepoint(const OutboxSavepoint&) = delete;
  OutboxSavepoint& operator=(const OutboxSavepoint&) = delete;
  void keep() {
    value_or_throw(sqlite_run(db_, "RELEASE penstock_outbox"));
    kept_ = true;
  }

 private:
  sqlite3* db_;
  bool kept_ = false;
};

class SqliteOutboxWriter final : public OutboxWriter {
 public:
  explicit SqliteOutboxWriter(sqlite3* db) : db_(db) {}
  Result<void> write(std::span<const OutboxRow> rows) override {
    OutboxStatement insert(db_, "INSERT INTO main.penstock_outbox(id, queue, kind, task) VALUES(?1, ?2, ?3, ?4)");
    for (const OutboxRow& row : rows) {
      insert.bind_blob(1, {reinterpret_cast<const char*>(row.id.bytes.data()), row.id.bytes.size()});
      insert.bind_text(2, row.queue);
      insert.bind_text(3, row.kind);
      insert.bind_blob(4, row.task);
      insert.run();
    }
    return insert.result();
  }

 private:
  sqlite3* db_;
};

class SqliteOutboxRows final : public OutboxRows {
 public:
  // Takes the connection over.
  explicit SqliteOutboxRows(sqlite3* db) : db_(db) {}
  ~SqliteOutboxRows() override { sqlite3_close_v2(db_); }
  SqliteOutboxRows(const SqliteOutboxRows&) = delete;
  SqliteOutboxRows& operator=(const SqliteOutboxRows&) = delete;

  Result<void> prepare() {
    sqlite3_busy_timeout(db_, 1000);
    sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    if (auto set = sqlite_run(db_, "PRAGMA wal_autocheckpoint=0"); !set) return set;
    return create_outbox(db_);
  }

  Result<std::vector<OutboxRow>> read(std::uint32_t at_most) override {
    std::int64_t version = 0;
    if (auto got = data_version(version); !got) return got.error();
    std::vector<OutboxRow> rows;
    OutboxStatement select(db_, "SELECT n, id, queue, kind, task FROM main.penstock_outbox ORDER BY n LIMIT ?1");
    select.bind(1, at_most);
    std::size_t octets = 0;
    while (octets < kMostOctets && select.row()) {
      OutboxRow row;
      row.n = select.integer(0);
      row.queue = select.octets(2);
      row.kind = select.octets(3);
      row.task = select.octets(4);
      octets += row.task.size();
      std::string id = select.octets(1);
      if (id.size() == row.id.bytes.size()) std::memcpy(row.id.bytes.data(), id.data(), id.size());
      rows.push_back(std::move(row));
    }
    if (auto done = select.result(); !done) return done.error();
    seen_ = version;
    return rows;
  }

  Result<void> finish(std::span<const std::int64_t> moved, std::span<const Refused> refused) override {
    if (auto begun = sqlite_run(db_, "BEGIN IMMEDIATE"); !begun) return begun;
    Result<void> done = take_out(moved, refused);
    if (done) done = sqlite_run(db_, "COMMIT");
    if (!done && sqlite3_get_autocommit(db_) == 0) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
    return done;
  }

  Result<bool> changed() override {
    std::int64_t version = 0;
    if (auto got = data_version(version); !got) return got.error();
    return version != seen_;
  }

 private:
  Result<void> take_out(std::span<const std::int64_t> moved, std::span<const Refused> refused) {
    OutboxStatement remove(db_, "DELETE FROM main.penstock_outbox WHERE n = ?1");
    OutboxStatement keep(
        db_,
        "INSERT OR REPLACE INTO main.penstock_outbox_refused(n, id, queue, kind, task, reason, refused_at) "
        "SELECT n, id, queue, kind, task, ?2, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') "
        "FROM main.penstock_outbox WHERE n = ?1");
    for (const Refused& row : refused) {
      keep.bind(1, row.n);
      keep.bind_text(2, row.reason);
      keep.run();
      remove.bind(1, row.n);
      remove.run();
    }
    for (std::int64_t n : moved) {
      remove.bind(1, n);
      remove.run();
    }
    if (auto kept = keep.result(); !kept) return kept;
    return remove.result();
  }

  // A number that changes with every commit of another connection, in this process or any other.
  Result<void> data_version(std::int64_t& out) {
    OutboxStatement pragma(db_, "PRAGMA main.data_version");
    if (pragma.row()) out = pragma.integer(0);
    return pragma.result();
  }

  static constexpr std::size_t kMostOctets = 16 << 20;  // of tasks in one read

  sqlite3* db_;
  std::int64_t seen_ = -1;
};

}  // namespace impl

// The rows of the outbox in `file`, for an OutboxRelay; makes the tables if they are not there. `file`
// is a path, or a URI that names more (a VFS). Throws Exception: SQLite's error.
inline std::unique_ptr<OutboxRows> outbox_rows(const std::string& file) {
  sqlite3* db = nullptr;
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_PRIVATECACHE;
  int code = sqlite3_open_v2(file.c_str(), &db, kFlags, nullptr);
  auto rows = std::make_unique<impl::SqliteOutboxRows>(db);
  if (code != SQLITE_OK) throw Exception(impl::sqlite_error(db, code, "open " + file));
  value_or_throw(rows->prepare());
  return rows;
}

// Writes tasks into the outbox. Thread: any; a connection is used by one thread at a time, as ever.
class Outbox {
 public:
  // `tasks` lends policies, codecs, tracer and middleware, and outlives the outbox.
  explicit Outbox(TaskManager& tasks) : tasks_(tasks) {}

  // Makes the tables in database `main` of `db`, if they are not there: with your schema, within a
  // transaction or without. Throws Exception: SQLite's error.
  static void create(sqlite3* db) { value_or_throw(impl::create_outbox(db)); }

  // Writes the task through `db`, within the transaction that is open there; where none is, as one of
  // its own. Throws Exception: as TaskManager::enqueue for what is wrong with the task, else SQLite's
  // error. After an exception the outbox is as before the call; the transaction is as SQLite left it
  // (sqlite3_get_autocommit), and yours to end.
  template <class T>
  TaskRef enqueue(sqlite3* db, const T& task, const EnqueueOptions& options = {}) {
    return std::move(write(db, {tasks_.draft(task)}, options)[0]);
  }
  // All of them or, after an exception, none.
  template <class T>
  std::vector<TaskRef> enqueue_many(sqlite3* db, std::span<const T> tasks, const EnqueueOptions& options = {}) {
    std::vector<Draft> drafts;
    drafts.reserve(tasks.size());
    for (const T& task : tasks) drafts.push_back(tasks_.draft(task));
    return write(db, std::move(drafts), options);
  }
  template <class T>
  std::vector<TaskRef> enqueue_many(sqlite3* db, const std::vector<T>& tasks, const EnqueueOptions& options = {}) {
    return enqueue_many(db, std::span<const T>(tasks), options);
  }
  // Raw bytes for the handler that `policy.kind` names.
  TaskRef enqueue_bytes(sqlite3* db, const Policy& policy, std::string payload, const EnqueueOptions& options = {}) {
    return std::move(write(db, {Draft{policy, std::move(payload), {}}}, options)[0]);
  }

 private:
  std::vector<TaskRef> write(sqlite3* db, std::vector<Draft> drafts, const EnqueueOptions& options) {
    impl::OutboxSavepoint all_or_none(db);
    impl::SqliteOutboxWriter writer(db);
    std::vector<TaskRef> out;
    for (Enqueued& one : tasks_.enqueue_drafts(std::move(drafts), options, {}, writer)) {
      if (!one.accepted()) throw Exception(*one.error);
      out.push_back(std::move(one.ref));
    }
    all_or_none.keep();
    return out;
  }

  TaskManager& tasks_;
};

}  // namespace penstock
