#include "connection.hpp"

#include <algorithm>
#include <mutant.hpp>
#include <time.h>

#include "statement.hpp"

namespace penstock::sqlite {

Connection::Connection(const Options& options) : options_(options) {
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  const int creating = options.vfs.empty() ? 0 : SQLITE_OPEN_CREATE;  // on a real file system we create the file
  int code = sqlite3_open_v2(options.path.c_str(), &raw_, kFlags | creating,
                             options.vfs.empty() ? nullptr : options.vfs.c_str());
  try {
    if (code != SQLITE_OK) throw failure(raw_, code, ("open " + options.path).c_str());
    configure();
  } catch (...) {
    sqlite3_close_v2(raw_);
    throw;
  }
}

Connection::~Connection() { sqlite3_close_v2(raw_); }

void Connection::configure() {
  sqlite3_busy_handler(raw_, &Connection::busy, this);
  sqlite3_db_config(raw_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(raw_, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_db_config(raw_, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(raw_, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_db_config(raw_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (!mutant("sqlite.checkpoint.by_itself")) execute("PRAGMA wal_autocheckpoint=0");
  execute(options_.power && !mutant("sqlite.sync.skipped") ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  execute(("PRAGMA cache_size=-" + std::to_string(std::max<std::int64_t>(options_.cache >> 10, 64))).c_str());
  execute(("PRAGMA journal_size_limit=" + std::to_string(options_.checkpoint)).c_str());
  execute("PRAGMA temp_store=MEMORY; PRAGMA secure_delete=OFF; PRAGMA mmap_size=0; PRAGMA cell_size_check=ON");
}

// Waits a little longer each time, up to the deadline. Short first waits matter: a commit of another
// process lasts about as long as one sync of the disk.
int Connection::busy(void* self, int tries) noexcept {
  auto& me = *static_cast<Connection*>(self);
  const auto now = std::chrono::steady_clock::now();
  if (tries == 0) me.busy_since_ = now;
  if (now - me.busy_since_ >= me.options_.busy_timeout) return 0;
  timespec pause{0, std::min(50'000L << std::min(tries, 6), 2'000'000L)};
  nanosleep(&pause, nullptr);
  return 1;
}

void Connection::execute(const char* sql) {
  int code = sqlite3_exec(raw_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw failure(raw_, code, sql);
}

std::uint32_t Connection::version() noexcept {
  std::uint32_t version = 0;
  return sqlite3_file_control(raw_, "main", SQLITE_FCNTL_DATA_VERSION, &version) == SQLITE_OK ? version : 0;
}

std::int64_t Connection::integer(const char* sql) {
  Statement statement(raw_, sql);
  Use use(statement);
  return use.next() ? use.integer(0) : 0;
}

std::string Connection::text(const char* sql) {
  Statement statement(raw_, sql);
  Use use(statement);
  return use.next() ? std::string(use.bytes(0)) : std::string();
}

}  // namespace penstock::sqlite
