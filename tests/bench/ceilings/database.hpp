// The least that a program needs of SQLite: one connection in WAL mode, prepared statements.
#pragma once

#include <concepts>
#include <sqlite3.h>
#include <stdexcept>
#include <string>
#include <string_view>

namespace penstock::bench {

class Database {
 public:
  static constexpr int kCachePages = 2048;  // 8 MiB of 4 KiB pages, the backend's default

  Database(const std::string& path, bool full) {
    if (sqlite3_open_v2(path.c_str(), &raw_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        nullptr)) {
      fail("open");
    }
    sqlite3_busy_timeout(raw_, 20'000);
    execute("PRAGMA journal_mode=WAL");
    execute(full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    execute("PRAGMA wal_autocheckpoint=1000; PRAGMA secure_delete=OFF");
    execute(("PRAGMA cache_size=" + std::to_string(kCachePages)).c_str());
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() { sqlite3_close_v2(raw_); }

  void execute(const char* sql) {
    if (sqlite3_exec(raw_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql);
  }
  sqlite3* raw() const noexcept { return raw_; }
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error("ceiling: " + what + ": " + sqlite3_errmsg(raw_));
  }

 private:
  sqlite3* raw_ = nullptr;
};

// A statement; bound by `start`, and read row by row.
class Query {
 public:
  Query(Database& db, const char* sql) : db_(db) {
    if (sqlite3_prepare_v3(db.raw(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw_, nullptr) != SQLITE_OK) db.fail(sql);
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query() { sqlite3_finalize(raw_); }

  // Runs it to its end; returns how many rows it changed.
  template <class... Values>
  std::int64_t run(const Values&... values) {
    start(values...);
    while (next()) {
    }
    return sqlite3_changes64(db_.raw());
  }
  template <class... Values>
  void start(const Values&... values) {
    int at = 0;
    (bind(++at, values), ...);
  }
  bool next() {
    const int code = sqlite3_step(raw_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) db_.fail(sqlite3_sql(raw_));
    sqlite3_reset(raw_);
    return false;
  }
  // For a statement of one row at most: its first number.
  template <class... Values>
  std::int64_t number(const Values&... values) {
    start(values...);
    const std::int64_t out = next() ? integer(0) : 0;
    sqlite3_reset(raw_);
    return out;
  }
  std::int64_t integer(int column) const { return sqlite3_column_int64(raw_, column); }
  std::string_view bytes(int column) const {
    const void* data = sqlite3_column_blob(raw_, column);
    return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(raw_, column))};
  }

 private:
  void bind(int at, std::integral auto value) { sqlite3_bind_int64(raw_, at, static_cast<std::int64_t>(value)); }
  void bind(int at, std::string_view value) {
    sqlite3_bind_blob64(raw_, at, value.data(), value.size(), SQLITE_STATIC);
  }
  void bind(int at, const char* value) { sqlite3_bind_text(raw_, at, value, -1, SQLITE_STATIC); }

  Database& db_;
  sqlite3_stmt* raw_ = nullptr;
};

}  // namespace penstock::bench
