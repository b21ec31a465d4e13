#include "schema.hpp"

#include <array>
#include <chrono>
#include <fstream>
#include <mutant.hpp>

#include "meter.hpp"
#include "statement.hpp"

namespace penstock::sqlite {
namespace {

// State numbers are those of penstock::State. Times are milliseconds: wall clock, except lease.until.
//
// lane, place: where a task stands in line; lane = 8 * number + kind. A scheduled or ended task, and a ready
// one of the plain flow (lines.hpp), has number = q and kind = state; its place is the due time, the end, or
// its rank. A ready task of a flow with gates has the flow's number and kind 3, of one without gates the
// seat's number and kind 0; a scheduled one of either has q and kind 7. A leased or held task stands in no
// line. So one index serves claims, due dates and retention.
// rank: priority * 65536 + 65535 - weight; n breaks ties.
// flags: see Flag. traits: see traits.hpp; NULL for most tasks.
// Tombstones go to one of two tables, meta 'gone' says which; a whole table is emptied at once.
// penstock_key: who holds a unique key (held = 1), or held it last, and until when (wall clock) others
// are kept from it all the same.
// penstock_seat, _flow, _gate: see Seat, Flow and Gate. They have rows for what waits or runs now, only.
// gate.due: when to look whether somebody can be let out; gate.idle: when nobody needs the row any more.
// penstock_limit: what is set for gates and classes. queue.running to own_held repeat what goes for the
// queue's own gate.
// For features this version refuses: penstock_edge.
constexpr const char* kVersion1 = R"(
CREATE TABLE penstock_meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO penstock_meta VALUES('boot', ''), ('epoch', 0), ('gone', 0);
CREATE TABLE penstock_queue(q INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
  held INTEGER NOT NULL DEFAULT 0, scheduled INTEGER NOT NULL DEFAULT 0, ready INTEGER NOT NULL DEFAULT 0,
  leased INTEGER NOT NULL DEFAULT 0, succeeded INTEGER NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0,
  cancelled INTEGER NOT NULL DEFAULT 0, bytes_succeeded INTEGER NOT NULL DEFAULT 0,
  bytes_dead INTEGER NOT NULL DEFAULT 0, bytes_cancelled INTEGER NOT NULL DEFAULT 0,
  gone_a INTEGER NOT NULL DEFAULT 0, gone_b INTEGER NOT NULL DEFAULT 0, trimmed INTEGER NOT NULL DEFAULT 0,
  keyed INTEGER NOT NULL DEFAULT 0, later INTEGER NOT NULL DEFAULT 0, noted INTEGER NOT NULL DEFAULT 0,
  turns INTEGER NOT NULL DEFAULT 0, seats INTEGER NOT NULL DEFAULT 0, parked INTEGER NOT NULL DEFAULT 0,
  walk_from BLOB NOT NULL DEFAULT x'', walk_to BLOB NOT NULL DEFAULT x'',
  running INTEGER NOT NULL DEFAULT -1, per_second REAL NOT NULL DEFAULT 0, burst INTEGER NOT NULL DEFAULT 1,
  own_held INTEGER NOT NULL DEFAULT 0, full_at INTEGER NOT NULL DEFAULT 0);
CREATE TABLE penstock_seat(seat INTEGER PRIMARY KEY, line INTEGER NOT NULL, place INTEGER NOT NULL,
  flows INTEGER NOT NULL, own INTEGER NOT NULL, counted INTEGER NOT NULL, away INTEGER NOT NULL,
  hash INTEGER NOT NULL, key BLOB NOT NULL, UNIQUE(hash, line, key));
CREATE INDEX penstock_seat_place ON penstock_seat(place) WHERE flows > 0;
CREATE TABLE penstock_flow(flow INTEGER PRIMARY KEY, q INTEGER NOT NULL, seat INTEGER NOT NULL,
  counted INTEGER NOT NULL, rank INTEGER NOT NULL, head INTEGER NOT NULL, since INTEGER NOT NULL, name BLOB NOT NULL,
  UNIQUE(q, name));
CREATE INDEX penstock_flow_best ON penstock_flow(seat, counted, rank, head);
CREATE TABLE penstock_gate(gate INTEGER PRIMARY KEY, q INTEGER NOT NULL, leased INTEGER NOT NULL,
  admitted INTEGER NOT NULL, waiting INTEGER NOT NULL, opened INTEGER NOT NULL, full_at INTEGER NOT NULL,
  due INTEGER, idle INTEGER, name BLOB NOT NULL, UNIQUE(q, name));
CREATE INDEX penstock_gate_due ON penstock_gate(q, due) WHERE due IS NOT NULL;
CREATE INDEX penstock_gate_open ON penstock_gate(q, opened) WHERE waiting > 0 AND opened >= 0;
CREATE INDEX penstock_gate_idle ON penstock_gate(idle) WHERE idle IS NOT NULL;
CREATE TABLE penstock_limit(queue TEXT, gate BLOB, declared_running INTEGER, declared_per_second REAL,
  declared_burst INTEGER, operator_running INTEGER, operator_per_second REAL, operator_burst INTEGER,
  held_until INTEGER NOT NULL DEFAULT 0, held_wall INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(queue, gate)) WITHOUT ROWID;
CREATE TABLE penstock_task(n INTEGER PRIMARY KEY, q INTEGER NOT NULL, state INTEGER NOT NULL, lane INTEGER,
  place INTEGER, rank INTEGER NOT NULL, epoch INTEGER NOT NULL, flags INTEGER NOT NULL, traits BLOB,
  failures INTEGER NOT NULL, crashes INTEGER NOT NULL, enqueued INTEGER NOT NULL, until INTEGER,
  size INTEGER NOT NULL, note_size INTEGER NOT NULL, id BLOB NOT NULL, kind TEXT NOT NULL, body BLOB, note BLOB);
CREATE UNIQUE INDEX penstock_task_id ON penstock_task(id, q);
CREATE INDEX penstock_task_line ON penstock_task(lane, place) WHERE lane IS NOT NULL;
CREATE TABLE penstock_content(k INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE penstock_keep(lane INTEGER, until INTEGER, n INTEGER, PRIMARY KEY(lane, until, n)) WITHOUT ROWID;
CREATE TABLE penstock_lease(epoch INTEGER PRIMARY KEY, q INTEGER NOT NULL, until INTEGER NOT NULL,
  live INTEGER NOT NULL, stop INTEGER NOT NULL, worker TEXT NOT NULL, tasks BLOB NOT NULL, taken BLOB NOT NULL);
CREATE INDEX penstock_lease_until ON penstock_lease(q, until);
CREATE TABLE penstock_gone_a(id BLOB, q INTEGER, epoch INTEGER NOT NULL, state INTEGER NOT NULL,
  ended INTEGER NOT NULL, PRIMARY KEY(id, q)) WITHOUT ROWID;
CREATE TABLE penstock_gone_b(id BLOB, q INTEGER, epoch INTEGER NOT NULL, state INTEGER NOT NULL,
  ended INTEGER NOT NULL, PRIMARY KEY(id, q)) WITHOUT ROWID;
CREATE TABLE penstock_document(name TEXT PRIMARY KEY, revision INTEGER NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE penstock_key(q INTEGER, key BLOB, id BLOB NOT NULL, held INTEGER NOT NULL, until INTEGER NOT NULL,
  PRIMARY KEY(q, key)) WITHOUT ROWID;
CREATE INDEX penstock_key_until ON penstock_key(q, until) WHERE held = 0;
CREATE TABLE penstock_edge(child INTEGER, parent INTEGER, PRIMARY KEY(parent, child)) WITHOUT ROWID;
)";
// A damaged schema can have one table, or one index, stand in another's place. Whatever else is damaged is
// noticed when it is read; but a store that cannot find its queues looks like an empty one.
constexpr const char* kLooksEmpty =
    "SELECT EXISTS(SELECT 1 FROM penstock_task) AND NOT EXISTS(SELECT 1 FROM penstock_queue NOT INDEXED) OR "
    "EXISTS(SELECT 1 FROM (SELECT q,name FROM penstock_queue NOT INDEXED LIMIT 100) a WHERE NOT EXISTS(SELECT 1 FROM "
    "penstock_queue b WHERE b.name=a.name AND b.q=a.q))";
constexpr std::array<const char*, kSchemaVersion> kMigrations{kVersion1};  // [v] leads from v to v + 1

[[noreturn]] void refuse(Errc code, const Options& options, const std::string& why) {
  throw Failure(Error{code, options.path + ": " + why}, 0);
}

// Returns the file's schema version; 0 for a new one. In a transaction, as another process may be making it.
std::int64_t identify(Connection& db, const Options& options) {
  const std::int64_t id = db.integer("PRAGMA application_id"), version = db.integer("PRAGMA user_version");
  const bool blank = id == 0 && version == 0 && db.integer("SELECT count(*) FROM sqlite_master") == 0;
  if (blank) return 0;
  if (id != kApplicationId) {
    refuse(Errc::invalid, options,
           "is not a Penstock database: its application id is " + std::to_string(id) + ", expected " +
               std::to_string(kApplicationId));
  }
  if (version > kSchemaVersion) {
    refuse(Errc::unsupported, options,
           "has schema version " + std::to_string(version) + "; this Penstock knows up to " +
               std::to_string(kSchemaVersion));
  }
  if (version < 1) refuse(Errc::data_regression, options, "has no schema version");
  return version;
}

// Turning a new file into WAL mode needs it alone for a moment; another process may do the same. The
// change goes through a rollback journal, whose removal must be durable too (EXTRA): were it to come
// back after a power cut, SQLite would undo the change, and with it ignore the log and all that is in it.
void enter_wal(Connection& db, const Options& options) {
  const std::int64_t level = db.integer("PRAGMA synchronous");
  db.execute("PRAGMA synchronous=EXTRA");
  const auto deadline = std::chrono::steady_clock::now() + options.busy_timeout;
  for (;;) {
    try {
      const std::string mode = db.text("PRAGMA journal_mode=WAL");
      if (mode == "wal") {
        db.execute(("PRAGMA synchronous=" + std::to_string(level)).c_str());
        return;
      }
      refuse(Errc::unsupported, options, "cannot be put into WAL mode here; its journal mode stays " + mode);
    } catch (const Failure& failure) {
      if (failure.code() != SQLITE_BUSY || std::chrono::steady_clock::now() >= deadline) throw;
    }
  }
}

void migrate(Connection& db, std::int64_t from) {
  for (std::int64_t v = from; v < kSchemaVersion; ++v) db.execute(kMigrations[static_cast<std::size_t>(v)]);
  if (mutant("sqlite.schema.in_pieces")) db.execute("COMMIT; BEGIN IMMEDIATE");
  db.execute(("PRAGMA application_id=" + std::to_string(kApplicationId)).c_str());
  db.execute(("PRAGMA user_version=" + std::to_string(kSchemaVersion)).c_str());
}

}  // namespace

void prepare_schema(Connection& db, const Options& options) {
  if (sqlite3_db_readonly(db.raw(), "main") == 1) {  // though the system lets us write to it: place.cpp has asked
    refuse(Errc::data_regression, options, "its header is damaged, or of a later SQLite: it can only be read");
  }
  db.execute("BEGIN");
  const bool blank = identify(db, options) == 0;
  db.execute("COMMIT");
  if (blank) db.execute("PRAGMA page_size=4096; PRAGMA auto_vacuum=NONE");
  enter_wal(db, options);
  db.execute("BEGIN IMMEDIATE");
  if (const std::int64_t version = identify(db, options); version < kSchemaVersion) migrate(db, version);
  db.execute("COMMIT");
  if (db.integer(kLooksEmpty) != 0) {
    refuse(Errc::data_regression, options, "the database is damaged: it holds tasks, but their queue cannot be found");
  }
}

void adopt_boot(Connection& db, std::string_view boot, const Clock& clock) {
  db.execute("BEGIN IMMEDIATE");
  if (boot.empty() || db.text("SELECT value FROM penstock_meta WHERE key='boot'") != boot) {
    db.execute("UPDATE penstock_lease SET until=0");
    run(Statement(db.raw(),
                  "UPDATE penstock_limit SET held_until=?1+max(0,held_wall-?2) WHERE held_until>0 AND held_until<?3"),
        clock.boot(), clock.wall(), INT64_MAX);
    run(Statement(db.raw(),
                  "UPDATE penstock_queue SET own_held=coalesce((SELECT max(held_until) FROM penstock_limit WHERE queue "
                  "IN (name,'*') AND gate=x''),0),full_at=iif(full_at>0,?1,0)"),
        Meter::kEmpty);
    run(Statement(db.raw(), "UPDATE penstock_gate SET full_at=?1 WHERE full_at>0"), Meter::kEmpty);
    run(Statement(db.raw(),
                  "UPDATE penstock_queue SET walk_from=x'',walk_to=?1 WHERE q IN (SELECT q FROM penstock_gate)"),
        std::string_view(std::string(kMaxKey + 1, '\xff')));
    run(Statement(db.raw(), "UPDATE penstock_meta SET value=?1 WHERE key='boot'"), Text{boot});
  }
  db.execute("COMMIT");
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace penstock::sqlite
