// A user's own database, and what the tests of the outbox do with it.
#pragma once

#include <sqlite3.h>
#include <stdexcept>
#include <string>
#include <string_view>

#include <penstock/outbox.hpp>

#include "integration/manager/fixture.hpp"

// A connection of the user's; throws std::runtime_error with SQLite's words.
class Db {
 public:
  explicit Db(const std::string& file) {
    check(sqlite3_open(file.c_str(), &raw_), "open");
    sqlite3_busy_timeout(raw_, 10'000);
    run("PRAGMA synchronous=OFF");  // programs die here, machines do not
  }
  ~Db() { sqlite3_close(raw_); }
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;

  operator sqlite3*() const noexcept { return raw_; }
  void run(const std::string& sql) { check(sqlite3_exec(raw_, sql.c_str(), nullptr, nullptr, nullptr), sql); }
  // The first column of the first row; empty when there is none.
  std::string text(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v2(raw_, sql.c_str(), -1, &statement, nullptr), sql);
    std::string out;
    if (sqlite3_step(statement) == SQLITE_ROW) {
      if (const unsigned char* at = sqlite3_column_text(statement, 0)) out = reinterpret_cast<const char*>(at);
    }
    check(sqlite3_finalize(statement), sql);
    return out;
  }
  int number(const std::string& sql) { return std::stoi("0" + text(sql)); }
  int waiting() { return number("SELECT count(*) FROM penstock_outbox"); }
  int refused() { return number("SELECT count(*) FROM penstock_outbox_refused"); }

 private:
  void check(int code, std::string_view what) {
    if (code != SQLITE_OK) throw std::runtime_error(std::string(what) + ": " + sqlite3_errmsg(raw_));
  }
  sqlite3* raw_ = nullptr;
};

// A shop with a table of orders and an outbox, in WAL mode as most programs have it.
inline void make_shop(Db& db) {
  db.run("PRAGMA journal_mode=WAL; CREATE TABLE orders(number INTEGER PRIMARY KEY)");
  penstock::Outbox::create(db);
}
inline void place_order(Db& db, penstock::Outbox& outbox, int number) {
  db.run("BEGIN IMMEDIATE");
  db.run("INSERT INTO orders VALUES(" + std::to_string(number) + ")");
  outbox.enqueue(db, Job{"order", number});
  db.run("COMMIT");
}
