// A look into the file itself, beside the backend.
#pragma once

#include <cstdint>
#include <sqlite3.h>
#include <stdexcept>
#include <string>

namespace penstock::testing {

// The first value of the first row.
inline std::int64_t raw(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  sqlite3_stmt* statement = nullptr;
  std::int64_t out = 0;
  bool ok = sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK;
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  ok = ok && sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK;
  const int code = ok ? sqlite3_step(statement) : SQLITE_ERROR;
  if (code == SQLITE_ROW) out = sqlite3_column_int64(statement, 0);
  const std::string words = sqlite3_errmsg(db);
  sqlite3_finalize(statement);
  sqlite3_close(db);
  if (code != SQLITE_ROW && code != SQLITE_DONE) throw std::runtime_error(sql + ": " + words);
  return out;
}

}  // namespace penstock::testing
