// Tests of the harness: it must see damage where there is some, and none where SQLite promises none.
#include "support/cut_vfs.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <iostream>
#include <string>

#include "torture/folder.hpp"
#include "torture/raw_sqlite.hpp"

namespace penstock::torture {
namespace {

using penstock::testing::CutVfs;
using penstock::testing::Fault;

struct Damage {
  int cuts = 0, corrupt = 0, lost = 0, acknowledged = 0;
  std::uint64_t unsynced = 0;
};

// Two connections write in turn, a third checkpoints, until the power goes; then the image is read.
void one_cut(CutVfs& vfs, const Scratch& scratch, const std::string& level, std::uint64_t seed, Damage& damage) {
  const std::string victim = scratch.fresh("victim") + "/a.db", image = scratch.fresh("image");
  const std::string settings = "PRAGMA journal_mode=WAL;PRAGMA wal_autocheckpoint=0;PRAGMA synchronous=" + level;
  vfs.heal();
  {
    Raw writers[] = {Raw(victim, "cut"), Raw(victim, "cut")};
    Raw checkpointer(victim, "cut");
    for (Raw* db : {&writers[0], &writers[1], &checkpointer}) REQUIRE(db->run(settings) == SQLITE_OK);
    REQUIRE(writers[0].run("CREATE TABLE t(n INTEGER PRIMARY KEY, x); PRAGMA wal_checkpoint(PASSIVE)") == SQLITE_OK);
  }
  int acknowledged = 0;
  {
    vfs.cut_at(20 + seed % 200, seed, image);
    Raw writers[] = {Raw(victim, "cut"), Raw(victim, "cut")};
    Raw checkpointer(victim, "cut");
    for (Raw* db : {&writers[0], &writers[1], &checkpointer}) (void)db->run(settings);
    for (int n = 1; !vfs.was_cut(); ++n) {
      const std::string row = std::to_string(n) + ", randomblob(" + std::to_string(n * 37 % 3000) + ")";
      if (writers[n % 2].run("INSERT INTO t VALUES(" + row + ")") == SQLITE_OK) acknowledged = n;
      if (n % 7 == 0) (void)checkpointer.run("PRAGMA wal_checkpoint(PASSIVE)");
    }
  }
  damage.cuts += 1;
  damage.acknowledged += acknowledged;
  damage.unsynced += vfs.unsynced();
  Raw after(image + "/a.db");
  if (after.integrity() != "ok") {
    damage.corrupt += 1;
    return;
  }
  damage.lost += acknowledged - std::min(acknowledged, std::stoi("0" + after.ask("SELECT count(*) FROM t")));
}

Damage cuts(const std::string& level, int n) {
  CutVfs vfs("cut");
  const Scratch scratch(Scratch::On::memory);
  Damage damage;
  for (int i = 0; i < n; ++i) one_cut(vfs, scratch, level, static_cast<std::uint64_t>(i) + 1, damage);
  CHECK(damage.unsynced > 0);
  std::cout << level << ": " << damage.acknowledged << " rows acknowledged in " << damage.cuts << " cuts, "
            << damage.lost << " lost, " << damage.corrupt << " files corrupt, " << damage.unsynced
            << " writes in the air\n";
  return damage;
}

TEST_CASE("FULL loses nothing in a power cut") {
  const Damage d = cuts("FULL", 300);
  CHECK(d.lost == 0);
  CHECK(d.corrupt == 0);
}

TEST_CASE("NORMAL loses some of the last commits, and no file") {
  const Damage d = cuts("NORMAL", 300);
  CHECK(d.lost > 0);
  CHECK(d.corrupt == 0);
}

TEST_CASE("without syncs files are corrupt, and the harness sees it") {
  const Damage d = cuts("OFF", 300);
  CHECK(d.corrupt > 0);
}

TEST_CASE("the same seed makes the same image") {
  CutVfs vfs("cut");
  const Scratch scratch(Scratch::On::memory);
  std::string content[2];
  for (std::string& c : content) {
    Damage ignored;
    one_cut(vfs, scratch, "OFF", 5, ignored);
    Raw db(scratch.fresh("x") + "/a.db");
    c = std::to_string(ignored.corrupt) + "/" + std::to_string(ignored.lost) + "/" + std::to_string(ignored.unsynced);
  }
  CHECK(content[0] == content[1]);
}

TEST_CASE("an error is injected at the operation named, once or for ever") {
  CutVfs vfs("cut");
  const Scratch scratch(Scratch::On::memory);
  Raw db(scratch.fresh("a") + "/a.db", "cut");
  REQUIRE(db.run("PRAGMA journal_mode=WAL; CREATE TABLE t(x)") == SQLITE_OK);
  vfs.fail_at(1, Fault::full, false);
  CHECK(db.run("INSERT INTO t VALUES(1)") == SQLITE_FULL);
  CHECK(db.run("INSERT INTO t VALUES(1)") == SQLITE_OK);
  CHECK(vfs.injected() == 1);
  vfs.fail_at(1, Fault::io, true);
  CHECK(db.run("INSERT INTO t VALUES(2)") == SQLITE_IOERR);
  CHECK(db.run("INSERT INTO t VALUES(2)") == SQLITE_IOERR);
  vfs.heal();
  CHECK(db.run("INSERT INTO t VALUES(2)") == SQLITE_OK);
  CHECK(db.ask("SELECT count(*) FROM t") == "2");
}

}  // namespace
}  // namespace penstock::torture
