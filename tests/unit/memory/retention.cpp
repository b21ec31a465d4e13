// What stays of ended tasks, and what people see of it.
#include "unit/memory/store_lab.hpp"

using namespace penstock;
using namespace penstock::memory;

namespace {

struct Finished : StoreLab {
  // Tasks 1, 2, ... with these `keep`s, ended one after the other.
  explicit Finished(const std::vector<Millis>& keeps) {
    for (unsigned n = 1; n <= keeps.size(); ++n) put(n);
    const Epoch epoch = claim(99).leased.at(0).epoch;
    for (unsigned n = 1; n <= keeps.size(); ++n) {
      settle(n, epoch, State::succeeded, keeps[n - 1]);
      pass(Millis(1));
    }
  }
  Numbers kept() {
    Numbers out;
    for (unsigned n = 1; n < 20; ++n) {
      const auto r = get(n);
      if (r && !r->tombstone) out.push_back(n);
    }
    return out;
  }
  std::uint64_t trim(const Retention& r) { return store.trim(r, now).value(); }
};

}  // namespace

TEST_CASE("of the records whose keep has passed, the oldest end goes first") {
  Finished lab({Millis(500), kKeepForever, Millis(100), Millis(300)});
  lab.pass(Millis(1000));
  CHECK(lab.trim({.queue = "q", .at_most = 1}) == 1);
  CHECK(lab.kept() == Numbers{2, 3, 4});
  CHECK(lab.trim({.queue = "q", .at_most = 5}) == 2);
  CHECK(lab.kept() == Numbers{2});
  CHECK(lab.trim({.queue = "q"}) == 0);
}

TEST_CASE("age, count and octets each bound what is kept") {
  Finished lab({kKeepForever, kKeepForever, kKeepForever, kKeepForever, kKeepForever});
  CHECK(lab.store.counts().value()[0].bytes_ended == 20);
  CHECK(lab.trim({.queue = "q", .age = Millis(5)}) == 1);
  CHECK(lab.kept() == Numbers{2, 3, 4, 5});
  CHECK(lab.trim({.queue = "q", .count = 3}) == 1);
  CHECK(lab.trim({.queue = "q", .bytes = 11}) == 1);
  CHECK(lab.kept() == Numbers{4, 5});
  CHECK(lab.store.counts().value()[0].bytes_ended == 8);
  CHECK(lab.trim({.queue = "q", .state = State::dead, .age = Millis(0)}) == 0);
  CHECK(lab.kept() == Numbers{4, 5});
}

TEST_CASE("a trimmed record becomes a tombstone that still answers") {
  Finished lab({kKeepForever});
  const Epoch epoch = lab.get(1)->epoch;
  lab.trim({.queue = "q", .age = Millis(0)});
  CHECK(lab.get(1)->tombstone);
  CHECK(lab.get(1)->body.empty());
  CHECK(lab.get(1)->ended == lab.now.wall - Millis(1));
  CHECK(lab.settle(1, epoch, State::succeeded) == Item::ok);
  CHECK(lab.put(1) == Item::exists);
  CHECK(lab.move(1, State::dead, State::ready) == Item::not_found);
  CHECK(lab.count(State::succeeded) == 0);
}

TEST_CASE("tombstones go by the clock that does not jump, and only when asked") {
  Finished lab({Millis(0), Millis(0), Millis(0)});
  lab.now.wall += std::chrono::hours(1000);
  CHECK_FALSE(lab.store.forget("q", lab.now, 100));
  CHECK(lab.get(1));
  lab.pass(Millis(10'000));
  CHECK(lab.store.forget("q", lab.now, 1));
  CHECK_FALSE(lab.get(1));
  CHECK(lab.get(2)->tombstone);
  CHECK_FALSE(lab.store.forget("q", lab.now, 100));
  CHECK_FALSE(lab.get(3));
  CHECK(lab.settle(3, 1, State::succeeded) == Item::not_found);
  CHECK(lab.put(3) == Item::ok);  // the id is new again
}

TEST_CASE("a record that an operator sends back leaves the ended ones' books") {
  Finished lab({Millis(50), kKeepForever});
  lab.put(7);
  const Epoch epoch = lab.claim(1).leased.at(0).epoch;
  Settlement failed = settlement(7, epoch, State::dead);
  failed.charge = Charge::failure;
  failed.keep = Millis(50);
  failed.note = "why";
  lab.settle(failed);
  CHECK(lab.get(7)->failures == 1);
  CHECK(lab.move(7, State::cancelled, State::ready) == Item::finished);
  CHECK(lab.move(7, State::dead, State::ready) == Item::ok);
  CHECK(lab.get(7)->failures == 0);
  CHECK(lab.get(7)->note == "why");
  CHECK(lab.get(7)->epoch > epoch);
  CHECK(lab.store.counts().value()[0].bytes_ended == 8);
  lab.pass(Millis(100));
  CHECK(lab.trim({.queue = "q", .state = State::dead, .age = Millis(0)}) == 0);
  CHECK(taken(lab.claim(1)) == Numbers{7});
}

TEST_CASE("records are reused without a trace of the former task") {
  StoreLab lab;
  lab.put(1);
  const Epoch epoch = lab.claim(1).leased.at(0).epoch;
  Settlement mark = settlement(1, epoch, State::leased);
  mark.charge = Charge::crash;
  mark.note = "note";
  lab.settle(mark);
  lab.settle(1, epoch, State::succeeded);
  NewTask empty = task(2);
  empty.body = {};
  lab.put(empty);
  const Leased l = lab.claim(1).leased.at(0);
  CHECK(l.body.empty());
  CHECK(l.note.empty());
  CHECK(l.crashes == 0);
  CHECK_FALSE(l.lapsed);
}

TEST_CASE("pages are in order of arrival and end when nothing more matches") {
  StoreLab lab;
  for (unsigned n = 1; n <= 9; ++n) lab.put(n, n % 2 ? 0 : -1, n == 5 ? Millis(100) : Millis(0));
  lab.cancel(3);
  std::string next, cursor;
  Numbers seen;
  int pages = 0;
  do {
    cursor = next;
    const auto page = lab.list(State::ready, next, 3, cursor).value();
    for (const auto& [which, record] : page) {
      seen.push_back(numbers({which})[0]);
      CHECK(record.state == State::ready);
    }
    ++pages;
  } while (!next.empty());
  CHECK(seen == Numbers{1, 2, 4, 6, 7, 8, 9});
  CHECK(pages == 3);
  lab.pass(Millis(100));
  CHECK(lab.list(State::ready, next).value().size() == 8);
  CHECK(lab.list(State::scheduled, next).value().empty());
  CHECK_FALSE(lab.list(State::ready, next, 3, "x"));
}

TEST_CASE("a guard lets one of two batches in") {
  StoreLab lab;
  const NewTask one = task(1), two = task(2);
  const Guard guard{.document = "slot", .revision = 0, .value = "1"};
  CHECK(lab.store.enqueue({&one, 1}, &guard, lab.now));
  const auto second = lab.store.enqueue({&two, 1}, &guard, lab.now);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::conflict);
  CHECK_FALSE(lab.get(2));
  CHECK(lab.store.put({"slot", "2", 1}).value() == 2);
  CHECK(lab.store.documents("sl").value().at(0).value == "2");
}
