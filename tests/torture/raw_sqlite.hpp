// SQLite without the backend: for what the harness checks behind the backend's back.
#pragma once

#include <memory>
#include <sqlite3.h>
#include <stdexcept>
#include <string>

namespace penstock::torture {

class Raw {
 public:
  explicit Raw(const std::string& path, const char* vfs = nullptr) {
    sqlite3* db = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs);
    db_.reset(db);
    if (code != SQLITE_OK) throw std::runtime_error(path + ": " + sqlite3_errmsg(db));
    // It leaves the log as it is, as every connection to such a file must.
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    sqlite3_wal_autocheckpoint(db, 0);
  }

  int run(const std::string& sql) { return sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr); }

  // The first column of the first row; throws with SQLite's words on an error.
  std::string ask(const std::string& sql) {
    std::string out;
    const auto keep = [](void* to, int, char** text, char**) {
      if (text[0] && static_cast<std::string*>(to)->empty()) *static_cast<std::string*>(to) = text[0];
      return 0;
    };
    if (sqlite3_exec(db_.get(), sql.c_str(), keep, &out, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(db_.get()));
    return out;
  }

  std::string integrity() {
    try {
      return ask("PRAGMA integrity_check");
    } catch (const std::exception& e) {
      return e.what();
    }
  }

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace penstock::torture
