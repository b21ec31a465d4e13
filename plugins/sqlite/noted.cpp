#include "noted.hpp"

#include "error.hpp"

namespace penstock::sqlite {

Noted::Noted(sqlite3* db) {
  const int code = sqlite3_create_function_v2(db, "penstock_note", 2, SQLITE_UTF8 | SQLITE_DIRECTONLY, this,
                                              &Noted::note, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw failure(db, code, "create function");
}

void Noted::note(sqlite3_context* context, int, sqlite3_value** values) noexcept {
  auto& me = *static_cast<Noted*>(sqlite3_user_data(context));
  me.flags = sqlite3_value_int64(values[0]);
  const void* traits = sqlite3_value_blob(values[1]);
  try {
    me.traits.assign(static_cast<const char*>(traits),
                     traits ? static_cast<std::size_t>(sqlite3_value_bytes(values[1])) : 0);
    sqlite3_result_int(context, 1);
  } catch (...) {
    sqlite3_result_error_nomem(context);
  }
}

}  // namespace penstock::sqlite
