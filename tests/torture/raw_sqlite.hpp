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

  // All rows, values quoted as SQL would have them.
  std::string rows(const std::string& sql) {
    std::string out;
    const auto add = [](void* to, int columns, char** text, char**) {
      for (int i = 0; i < columns; ++i)
        *static_cast<std::string*>(to) += std::string(i ? "|" : "") + (text[i] ? text[i] : "NULL");
      *static_cast<std::string*>(to) += "\n";
      return 0;
    };
    if (sqlite3_exec(db_.get(), sql.c_str(), add, &out, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(db_.get()));
    return out;
  }

  // Everything in the file, table by table.
  std::string dump() {
    const std::string tables = rows("SELECT name FROM sqlite_master WHERE type='table' ORDER BY name");
    std::string out = rows("SELECT type,name,sql FROM sqlite_master ORDER BY type,name") + "version " +
                      ask("PRAGMA user_version") + "\n";
    for (std::size_t at = 0, end; (end = tables.find('\n', at)) != std::string::npos; at = end + 1) {
      const std::string name = tables.substr(at, end - at);
      const std::string columns =
          ask("SELECT group_concat('quote(' || name || ')') FROM pragma_table_info('" + name + "')");
      const std::string keys = ask("SELECT group_concat(cid+1) FROM pragma_table_info('" + name + "') WHERE pk");
      out +=
          "== " + name + "\n" + rows("SELECT " + columns + " FROM " + name + (keys.empty() ? "" : " ORDER BY " + keys));
    }
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
