#include "writer.hpp"

#include <algorithm>
#include <array>
#include <mutant.hpp>
#include <utility>

#include "schema.hpp"

namespace penstock::sqlite {
namespace {

constexpr std::int64_t kLongestSync = 20'000'000;  // ns: one that takes longer says nothing about the next

}  // namespace

struct Writer::Session {
  explicit Session(const Options& options) : connection(options) {}

  Connection connection;
  std::optional<Statements> sql;           // once the schema is there
  std::optional<Connection> checkpointer;  // a checkpoint runs on another connection than the lock it needs
  std::int64_t frames = 0, checked = 0;    // how many there are, and were at the last checkpoint
  bool wrote = false;                      // by the commit at hand
  Known known;                             // as of the last commit, when the file was of this version
  std::uint32_t version = 0;
};

Writer::Writer(Host& host, const Options& options, const Clock& clock, Bell& bell, Reserve& reserve,
               Watermark& watermark, Identity& identity)
    : host_(host),
      options_(options),
      clock_(clock),
      bell_(bell),
      reserve_(reserve),
      watermark_(watermark),
      identity_(identity) {
  watermark_.check_files();
  open();
  identity_.record();
  // The note is read first: other processes go on, and a later note would be ahead of what was read.
  const Epoch noted = watermark_.noted_epoch();
  const auto there = session_->connection.integer("SELECT value FROM penstock_meta WHERE key='epoch'");
  watermark_.check_epoch(noted, static_cast<Epoch>(there));
  adopt_boot(session_->connection, boot_id(), clock_);
}

Writer::~Writer() = default;

void Writer::open() {
  identity_.verify();
  auto session = std::make_unique<Session>(options_);
  prepare_schema(session->connection, options_);
  session->sql.emplace(session->connection.raw());
  step_ = options_.checkpoint / session->connection.integer("PRAGMA page_size");
  sqlite3_wal_hook(
      session->connection.raw(),
      [](void* to, sqlite3*, const char*, int in_wal) {
        static_cast<Session*>(to)->frames = in_wal;
        static_cast<Session*>(to)->wrote = true;
        return SQLITE_OK;
      },
      session.get());
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
  bool unknown = false;
  std::uint32_t calls = 0;
  auto done = guard([&]() -> Result<void> {
    try {
      if (!mutant("sqlite.file.not_looked_at")) identity_.look();
      if (!session_) open();
      run(session_->sql->begin);
      stage = kWork;
      const auto log = watermark_.log();
      Transaction transaction(*session_->sql, options_, clock_, bell_);
      const std::uint32_t version = std::exchange(session_->version, 0);
      if (version != 0 && (version == session_->connection.version() || mutant("sqlite.known.trusted"))) {
        transaction.trust(std::move(session_->known));
      }
      perform(group, transaction);
      transaction.flush();
      session_->known = transaction.take_known();
      calls = transaction.calls();
      stage = kCommit;
      session_->wrote = false;
      commit();
      session_->version = session_->connection.version();
      if (session_->wrote) watermark_.note(log, session_->frames, transaction.epoch());
      return {};
    } catch (const Failure& failure) {
      code = failure.code();
      unknown = stage == kCommit && may_have_happened(failure);
      return unknown ? Error{Errc::unknown_outcome, failure.error().message, true} : failure.error();
    }
  });
  if (done) {
    commits_.fetch_add(1, std::memory_order_relaxed);
    bell_.ring(calls);
    return Outcome::done;
  }
  roll_back(unknown || code == SQLITE_IOERR || code == SQLITE_CORRUPT);
  if (stage == kCommit && mutant("sqlite.commit.error_swallowed")) return Outcome::done;
  for (Request* r : group) r->failed = done.error();
  if (stage == kBegin || unknown) return Outcome::failed;
  return code == SQLITE_FULL ? Outcome::full : Outcome::undone;
}

void Writer::commit() {
  const auto start = std::chrono::steady_clock::now();
  run(session_->sql->commit);
  if (!options_.power || !session_->wrote) return;
  const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - start;
  const std::int64_t before = sync_.load(std::memory_order_relaxed);
  sync_.store(before + (std::min<std::int64_t>(took.count(), kLongestSync) - before) / 8, std::memory_order_relaxed);
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

void Writer::rest() noexcept {
  turns_.spare([this] { tidy(step_ / 2); });
}

// A checkpoint when so many frames have come since the last one.
void Writer::tidy(std::int64_t most_frames) noexcept {
  if (!session_) return;
  Session& s = *session_;
  if (s.frames < s.checked) s.checked = 0;  // the WAL has started over
  if (s.frames - s.checked < most_frames) return;
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
  if (!mutant("sqlite.checkpoint.without_lock")) run(s.sql->begin);
  int code = SQLITE_MISUSE;
  const bool locked = sqlite3_txn_state(s.connection.raw(), "main") == SQLITE_TXN_WRITE;
  if (locked || mutant("sqlite.checkpoint.without_lock")) {
    code = sqlite3_wal_checkpoint_v2(s.checkpointer->raw(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  }
  std::optional<Failure> failed;
  if (code != SQLITE_OK) failed.emplace(failure(s.checkpointer->raw(), code, "checkpoint"));
  roll_back(failed && failed->code() == SQLITE_IOERR);
  if (failed) throw *failed;
}

}  // namespace penstock::sqlite
