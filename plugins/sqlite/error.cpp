#include "error.hpp"

#include <algorithm>
#include <cerrno>
#include <sqlite3.h>

namespace penstock::sqlite {

Errc meaning(int code) noexcept {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_INTERRUPT:
      return Errc::unavailable;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return Errc::resource_exhausted;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Errc::permission;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:  // all statements are constant: the tables are not those they were written for
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      return Errc::data_regression;
    case SQLITE_TOOBIG:
      return Errc::invalid;
    default:
      return Errc::internal;
  }
}

Failure failure(sqlite3* db, int code, const char* what) {
  const char* path = db ? sqlite3_db_filename(db, "main") : nullptr;
  const char* words = db && sqlite3_extended_errcode(db) == code ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  Errc meant = meaning(code);
  // Where a side file of SQLite's has no room, only the operating system's own number tells.
  const int system = db && meant == Errc::unavailable ? sqlite3_system_errno(db) : 0;
  if (system == ENOSPC || system == EDQUOT) meant = Errc::resource_exhausted;
  // A file of another kind is not the statement's fault, which happens to be the first.
  const std::string during = (code & 0xff) == SQLITE_NOTADB ? "" : std::string(what) + ": ";
  std::string message =
      std::string(path ? path : "sqlite") + ": " + during + words + " (sqlite " + std::to_string(code) + ")";
  std::replace(message.begin(), message.end(), '\n', ' ');  // SQLite quotes what it cannot read
  return {Error{meant, std::move(message), meant == Errc::unavailable || meant == Errc::resource_exhausted}, code};
}

bool may_have_happened(const Failure& failure) noexcept {
  switch (failure.extended()) {
    case SQLITE_IOERR_SHMLOCK:  // asked for before the log is written
    case SQLITE_IOERR_READ:     // of what the log holds of this transaction, before its checksums are right
    case SQLITE_IOERR_SHORT_READ:
      return false;
    default:
      // A full disk stops the commit record itself, and a busy commit was never begun. After anything
      // else, a failed sync above all, the record may be on the disk or not.
      return failure.code() != SQLITE_FULL && failure.code() != SQLITE_BUSY;
  }
}

}  // namespace penstock::sqlite
