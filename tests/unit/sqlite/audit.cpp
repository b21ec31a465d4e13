// The audit: a sound file of every sort of row, and each of its rules broken by hand.
#include <algorithm>
#include <array>
#include <thread>

#include "raw.hpp"
#include "store.hpp"

using namespace penstock;
using namespace penstock::testing;

namespace {

Audited audit(DurableBackend& b, std::uint32_t at_most = 1000) {
  auto out = query<Audit>(b)->audit(at_most);
  if (!out) throw std::runtime_error(out.error().message);
  return *out;
}

// Ready, scheduled, leased, ended and forgotten tasks, with and without keys, gates, long bodies and notes. One flow
// is in the open line, others wait at a gate.
DurableBackend& furnished(Store& store) {
  DurableBackend& b = store.open({{"durability", {"process"}}});
  const Limit one{.running = 1};
  REQUIRE(query<Gates>(b)->limit("q", "g", Layer::operator_, &one));
  const std::string large(5000, 'x');
  const std::array<std::string_view, 2> gates{"g", "h"};
  unsigned n = 0;
  auto add = [&](NewTask t) { REQUIRE(enqueue(b, t) == Item::ok); };
  NewTask ended = task(++n, large), forgotten = task(++n), unique = task(++n), gated = task(++n);
  unique.unique = "u";
  gated.gates = gates;
  for (const NewTask& t : {ended, forgotten, unique, gated}) add(t);
  auto leased = claim(b, 4);
  REQUIRE(leased.size() == 4);
  const Epoch epoch = leased[0].epoch;
  REQUIRE(settle(b, {.key = ended.key, .epoch = epoch, .to = State::dead, .keep = Millis(60'000), .note = large}) ==
          Item::ok);
  REQUIRE(settle(b, {.key = forgotten.key, .epoch = epoch}) == Item::ok);
  add(task(++n));
  add(task(++n, large));
  for (bool later : {false, true}) {
    for (std::string_view fair : {"", "a", "b"}) {
      for (std::size_t passed : {0, 1, 2}) {
        NewTask t = task(++n);
        t.fair = fair;
        t.gates = std::span(gates).last(passed);  // "h" lets all through, "g" nobody
        if (later) t.delay = Millis(100'000);
        add(t);
      }
    }
  }
  unique = task(++n);
  unique.unique = "v";
  add(unique);
  return b;
}

}  // namespace

TEST_CASE("an audit of a sound file finds nothing") {
  Store store;
  DurableBackend& b = furnished(store);
  const Audited seen = audit(b);
  for (const Violation& v : seen.violations) UNSCOPED_INFO(v.rule + ": " + v.where + ": " + v.what);
  CHECK(seen.broken == 0);
  CHECK(seen.tasks == static_cast<std::uint64_t>(raw(store.path, "SELECT count(*) FROM penstock_task")));
  CHECK(raw(store.path,
            "SELECT count(*) FROM penstock_flow WHERE seat IN (SELECT seat FROM penstock_seat WHERE "
            "line<0)") == 3);
  store.time.advance(Millis(200'000));
  claim(b, 100);
  CHECK(audit(b).broken == 0);
}

TEST_CASE("an audit names the rule that is broken") {
  const auto [broken, damage] = GENERATE(table<std::string, std::string>({
      {"queues", "UPDATE penstock_task SET q=99 WHERE n=1"},
      {"queues", "UPDATE penstock_lease SET q=99"},
      {"one place", "UPDATE penstock_task SET lane=NULL WHERE state=2 AND traits IS NULL"},
      {"one place", "UPDATE penstock_task SET lane=8*q+2,place=rank WHERE state=3"},
      {"one place", "UPDATE penstock_task SET place=place+1 WHERE state=2"},
      {"one place", "UPDATE penstock_task SET lane=lane+1 WHERE state=1"},
      {"one place", "UPDATE penstock_task SET lane=lane+1 WHERE state=5"},
      {"one place", "UPDATE penstock_task SET lane=8*q+2 WHERE state=2 AND flags&4"},
      {"one place", "UPDATE penstock_task SET lane=8*q+2 WHERE state=2 AND lane%8=0"},
      {"one place", "UPDATE penstock_task SET state=9 WHERE n=1"},
      {"counts", "UPDATE penstock_queue SET held=held+1"},
      {"counts", "UPDATE penstock_queue SET scheduled=scheduled+1"},
      {"counts", "UPDATE penstock_queue SET ready=ready-1"},
      {"counts", "UPDATE penstock_queue SET leased=leased+1"},
      {"counts", "UPDATE penstock_queue SET dead=dead+1"},
      {"counts", "UPDATE penstock_queue SET bytes_dead=bytes_dead+1"},
      {"counts", "UPDATE penstock_queue SET keyed=keyed+1"},
      {"counts", "UPDATE penstock_queue SET later=later+1"},
      {"counts", "UPDATE penstock_queue SET noted=noted+1"},
      {"leases", "DELETE FROM penstock_lease"},
      {"leases", "UPDATE penstock_lease SET live=live+1"},
      {"leases", "UPDATE penstock_lease SET tasks=x''"},
      {"epochs", "UPDATE penstock_meta SET value=0 WHERE key='epoch'"},
      {"unique keys", "DELETE FROM penstock_key"},
      {"unique keys", "UPDATE penstock_key SET id=zeroblob(16)"},
      {"unique keys", "UPDATE penstock_task SET flags=flags&~8 WHERE flags&8"},
      {"unique keys", "UPDATE penstock_task SET flags=flags|16 WHERE flags&8"},
      {"gates", "UPDATE penstock_gate SET leased=leased+1"},
      {"gates", "DELETE FROM penstock_gate"},
      {"gates", "UPDATE penstock_gate SET admitted=admitted+1"},
      {"gates", "UPDATE penstock_gate SET waiting=waiting+1"},
      {"flows", "UPDATE penstock_flow SET head=head+1"},
      {"flows", "UPDATE penstock_flow SET seat=999"},
      {"flows",
       "UPDATE penstock_flow SET seat=(SELECT min(seat) FROM penstock_seat s WHERE s.seat<>penstock_flow.seat)"},
      {"seats", "UPDATE penstock_seat SET flows=flows+1"},
      {"seats", "UPDATE penstock_seat SET counted=counted+1"},
      {"seats", "UPDATE penstock_seat SET away=away+1"},
      {"seats", "UPDATE penstock_seat SET own=1-own WHERE line>0"},
      {"seats", "UPDATE penstock_queue SET seats=seats+1"},
      {"seats", "UPDATE penstock_queue SET parked=parked+1"},
      {"seats", "DELETE FROM penstock_seat WHERE line>0"},
      {"content", "DELETE FROM penstock_content"},
      {"content", "INSERT INTO penstock_content VALUES(9999,x'00')"},
      {"content", "UPDATE penstock_task SET size=size+1 WHERE n=5"},
      {"content", "UPDATE penstock_task SET note_size=note_size+1 WHERE n=5"},
      {"retention", "DELETE FROM penstock_keep"},
      {"retention", "INSERT INTO penstock_keep VALUES(9,9,9)"},
      {"retention", "UPDATE penstock_task SET until=1 WHERE state=3"},
      {"tombstones", "INSERT INTO penstock_gone_a SELECT id,q,epoch,4,0 FROM penstock_task"},
      {"tombstones", "UPDATE penstock_gone_a SET state=1"},
      {"tombstones", "UPDATE penstock_queue SET gone_a=0,gone_b=0"},
  }));
  const std::string rule = broken;  // clang 14 lends no binding to a lambda
  CAPTURE(damage);
  Store store;
  DurableBackend& b = furnished(store);
  REQUIRE(raw(store.path, damage + " RETURNING 1") == 1);  // else it struck nothing
  const Audited seen = audit(b);
  for (const Violation& v : seen.violations) UNSCOPED_INFO(v.rule + ": " + v.where + ": " + v.what);
  CHECK(seen.broken == seen.violations.size());
  CHECK(std::ranges::any_of(seen.violations,
                            [&](const Violation& v) { return v.rule == rule && !v.where.empty() && !v.what.empty(); }));
}

TEST_CASE("an audit says where, and names no more than it is asked to") {
  Store store;
  DurableBackend& b = furnished(store);
  raw(store.path, "UPDATE penstock_task SET place=place+1 WHERE state=2");
  raw(store.path, "UPDATE penstock_queue SET leased=7");
  const Audited all = audit(b);
  REQUIRE(all.broken == all.violations.size());
  CHECK(all.violations[0].where == "q, leased");
  CHECK(all.violations[0].what == "it is said to be 7, but is 2");
  CHECK(all.violations[1].where == "q, task 00000000-0000-0000-0000-000000000005");
  const Audited few = audit(b, 2);
  CHECK(few.broken == all.broken);
  CHECK(few.violations.size() == 2);
}

TEST_CASE("an audit notices what SQLite's own check of the file does") {
  Store store;
  DurableBackend& b = furnished(store);
  sqlite3* db = nullptr;  // an index is forgotten: nothing leads to its pages any more
  REQUIRE(sqlite3_open(store.path.c_str(), &db) == SQLITE_OK);
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  const char* damage = "PRAGMA writable_schema=ON; DELETE FROM sqlite_master WHERE name='penstock_seat_place'";
  REQUIRE(sqlite3_exec(db, damage, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
  const Audited seen = audit(b);
  REQUIRE(seen.broken > 0);
  CHECK(seen.violations[0].rule == "files");
  CHECK(seen.tasks == 0);  // the rest makes no sense then
}

TEST_CASE("an audit beside writers finds nothing") {
  Store store;
  DurableBackend& b = furnished(store);
  std::jthread writer([&](const std::stop_token& stop) {
    for (unsigned n = 1000; !stop.stop_requested(); ++n) {
      NewTask t = task(n);
      t.fair = n % 2 ? "a" : "b";
      enqueue(b, t);
      for (const Leased& l : claim(b, 3)) settle(b, {.key = {"q", l.id}, .epoch = l.epoch});
    }
  });
  for (int i = 0; i < 20; ++i) REQUIRE(audit(b).broken == 0);
}
