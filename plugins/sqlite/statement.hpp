// Prepared statements, and one use of one.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <sqlite3.h>
#include <string_view>

#include "error.hpp"

namespace penstock::sqlite {

// Marks text among bound values; a plain string_view is bound as a blob.
struct Text {
  std::string_view value;
};

// A blob that is NULL when it is empty.
struct Maybe {
  std::string_view value;
};

// Owns one prepared statement of a connection.
class Statement {
 public:
  Statement(sqlite3* db, std::string_view sql) {
    int code =
        sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw_, nullptr);
    if (code == SQLITE_ERROR) throw failure(db, code, "its tables are those of another Penstock, or damaged");
    if (code != SQLITE_OK) throw failure(db, code, "prepare");
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(raw_); }
  sqlite3_stmt* raw() const noexcept { return raw_; }

 private:
  sqlite3_stmt* raw_ = nullptr;
};

// One use of a statement: binds `values` from ?1 on, steps, and resets at the end of the scope.
// Texts and blobs are bound without a copy: they must outlive this object.
class Use {
 public:
  template <class... Values>
  explicit Use(const Statement& statement, const Values&... values) : raw_(statement.raw()) {
    int at = 0;
    (bind(++at, values), ...);
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() { sqlite3_reset(raw_); }

  // Moves to the next row; false when there is none.
  bool next() {
    int code = sqlite3_step(raw_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    throw failure(sqlite3_db_handle(raw_), code, sqlite3_sql(raw_));
  }
  std::int64_t integer(int column) const noexcept { return sqlite3_column_int64(raw_, column); }
  double real(int column) const noexcept { return sqlite3_column_double(raw_, column); }
  bool null(int column) const noexcept { return sqlite3_column_type(raw_, column) == SQLITE_NULL; }
  std::string_view bytes(int column) const noexcept {  // valid until the next step
    const void* data = sqlite3_column_blob(raw_, column);
    return data ? std::string_view(static_cast<const char*>(data),
                                   static_cast<std::size_t>(sqlite3_column_bytes(raw_, column)))
                : std::string_view();
  }

 private:
  void bind(int at, std::integral auto value) { check(sqlite3_bind_int64(raw_, at, static_cast<std::int64_t>(value))); }
  void bind(int at, double value) { check(sqlite3_bind_double(raw_, at, value)); }
  template <class T>
  void bind(int at, const std::optional<T>& value) {
    value ? bind(at, *value) : bind(at, nullptr);
  }
  void bind(int at, std::nullptr_t) { check(sqlite3_bind_null(raw_, at)); }
  void bind(int at, std::string_view blob) {
    check(sqlite3_bind_blob64(raw_, at, blob.empty() ? "" : blob.data(), blob.size(), SQLITE_STATIC));
  }
  void bind(int at, Maybe blob) { blob.value.empty() ? bind(at, nullptr) : bind(at, blob.value); }
  void bind(int at, Text text) {
    const char* data = text.value.empty() ? "" : text.value.data();
    check(sqlite3_bind_text64(raw_, at, data, text.value.size(), SQLITE_STATIC, SQLITE_UTF8));
  }
  void check(int code) {
    if (code != SQLITE_OK) throw failure(sqlite3_db_handle(raw_), code, "bind");
  }

  sqlite3_stmt* raw_;
};

// Runs a statement that yields no row; returns how many rows it changed.
template <class... Values>
std::int64_t run(const Statement& statement, const Values&... values) {
  Use(statement, values...).next();
  return sqlite3_changes64(sqlite3_db_handle(statement.raw()));
}

}  // namespace penstock::sqlite
