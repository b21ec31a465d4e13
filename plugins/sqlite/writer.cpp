#include "writer.hpp"

#include <array>

#include "schema.hpp"

namespace penstock::sqlite {

struct Writer::Session {
  explicit Session(const Options& options) : connection(options) {}

  Connection connection;
  std::optional<Statements> sql;           // once the schema is there
  std::optional<Connection> checkpointer;  // a checkpoint runs on another connection than the lock it needs
  std::int64_t step = 0;                   // frames in the WAL that call for a checkpoint
  std::int64_t frames = 0, checked = 0;    // how many there are, and were at the last checkpoint
};

Writer::Writer(Host& host, const Options& options, const Clock& clock, Bell& bell, Reserve& reserve)
    : host_(host), options_(options), clock_(clock), bell_(bell), reserve_(reserve) {
  open();
  adopt_boot(session_->connection, boot_id(), clock_);
}

Writer::~Writer() = default;

void Writer::open() {
  auto session = std::make_unique<Session>(options_);
  prepare_schema(session->connection, options_);
  session->sql.emplace(session->connection.raw());
  session->step = options_.checkpoint / session->connection.integer("PRAGMA page_size");
  sqlite3_wal_hook(
      session->connection.raw(),
      [](void* frames, sqlite3*, const char*, int in_wal) {
        *static_cast<std::int64_t*>(frames) = in_wal;
        return SQLITE_OK;
      },
      &session->frames);
  session_ = std::move(session);
}

std::string Writer::durability() {
  const std::int64_t level = session_->connection.integer("PRAGMA synchronous");
  return level >= 2 ? "power" : level == 1 ? "process" : "memory";
}

void Writer::lead(std::span<Request* const> group) noexcept {
  const Outcome outcome = attempt(group);
  if (outcome != Outcome::undone && outcome != Outcome::full) return;
  if (group.size() == 1) return alone(*group[0], outcome);
  for (Request* r : group) {
    const std::array one{r};
    alone(*r, attempt(one));
  }
}

// What ends tasks may use the space kept for that.
void Writer::alone(Request& request, Outcome before) noexcept {
  if (before != Outcome::full || request.need == Need::space) return;
  if (reserve_.give_up()) host_.log(Level::warn, options_.path + ": the disk is full; new tasks are refused");
  (void)contain([this]() -> Result<void> { return checkpoint(), Result<void>(); });
  const std::array one{&request};
  attempt(one);
}

Writer::Outcome Writer::attempt(std::span<Request* const> group) noexcept {
  enum { kBegin, kWork, kCommit } stage = kBegin;
  int code = 0;
  std::uint32_t calls = 0;
  auto done = guard([&]() -> Result<void> {
    try {
      if (!session_) open();
      run(session_->sql->begin);
      stage = kWork;
      Transaction transaction(*session_->sql, options_, clock_, bell_);
      perform(group, transaction);
      transaction.flush();
      calls = transaction.calls();
      stage = kCommit;
      run(session_->sql->commit);
      return {};
    } catch (const Failure& failure) {
      code = failure.code();
      return stage == kCommit ? commit_error(failure) : failure.error();
    }
  });
  if (done) {
    commits_.fetch_add(1, std::memory_order_relaxed);
    bell_.ring(calls);
    return Outcome::done;
  }
  const bool unknown = stage == kCommit && code != SQLITE_FULL && code != SQLITE_BUSY;
  roll_back(unknown || code == SQLITE_IOERR || code == SQLITE_CORRUPT);
  for (Request* r : group) r->failed = done.error();
  if (stage == kBegin || unknown) return Outcome::failed;
  return code == SQLITE_FULL ? Outcome::full : Outcome::undone;
}

void Writer::perform(std::span<Request* const> group, Transaction& transaction) {
  for (Request* r : group) {
    r->failed.reset();
    if (r->need == Need::space && !reserve_.full() && !reserve_.fill()) {
      r->failed = Error{Errc::resource_exhausted, options_.path + ": the disk is full", true};
    } else {
      r->work(transaction);
    }
  }
}

// After a failed write to the disk nothing that is cached can be trusted: the connection is dropped,
// and opened anew by the next request. A failed sync is never tried again.
void Writer::roll_back(bool reopen) noexcept {
  if (!session_) return;
  sqlite3* db = session_->connection.raw();
  const bool rolled =
      sqlite3_get_autocommit(db) || sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr) == SQLITE_OK;
  if (reopen || !rolled) session_.reset();
}

void Writer::tidy() noexcept {
  if (!session_) return;
  Session& s = *session_;
  if (s.frames < s.checked) s.checked = 0;  // the WAL has started over
  if (s.frames - s.checked < s.step) return;
  s.checked = s.frames;
  auto done = contain([this]() -> Result<void> { return checkpoint(), Result<void>(); });
  if (!done) host_.log(Level::warn, done.error().message);
}

// Copies the WAL into the file. The write lock is held on one connection while another one copies, so no
// commit, of any process, can start the WAL over meanwhile: SQLite before 3.51.3 may lose commits then.
void Writer::checkpoint() {
  if (!session_) return;
  Session& s = *session_;
  if (!s.checkpointer) s.checkpointer.emplace(options_);
  run(s.sql->begin);
  int code = SQLITE_MISUSE;
  if (sqlite3_txn_state(s.connection.raw(), "main") == SQLITE_TXN_WRITE) {
    code = sqlite3_wal_checkpoint_v2(s.checkpointer->raw(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  }
  roll_back(false);
  if (code != SQLITE_OK) throw failure(s.checkpointer->raw(), code, "checkpoint");
}

}  // namespace penstock::sqlite
