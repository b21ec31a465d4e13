// Unique keys: what stays in the file, and what a reopened store knows. The rest is the kit's.
#include "raw.hpp"
#include "store.hpp"

using namespace penstock;
using namespace penstock::testing;

namespace {

NewTask unique_task(unsigned n, std::string_view key, Millis for_time = Millis(0)) {
  NewTask t = task(n);
  t.unique = key;
  t.unique_for = for_time;
  return t;
}

Admission admit(DurableBackend& b, const NewTask& t) {
  auto out = b.enqueue({&t, 1}, nullptr);
  if (!out) throw std::runtime_error(out.error().message);
  return out->at(0);
}

std::int64_t keys(const Store& store) { return raw(store.path, "SELECT count(*) FROM penstock_key"); }
std::int64_t noted(const Store& store) { return raw(store.path, "SELECT noted FROM penstock_queue"); }

}  // namespace

TEST_CASE("a unique key leaves nothing behind when its holder ends") {
  Store store;
  DurableBackend& b = store.open();
  CHECK(enqueue(b, unique_task(1, "a")) == Item::ok);
  CHECK(keys(store) == 1);
  const Admission refused = admit(b, unique_task(2, "a"));
  CHECK(refused.what == Item::conflict);
  CHECK(refused.id == id(1));
  const auto leased = claim(b);
  REQUIRE(leased.size() == 1);
  CHECK(noted(store) == 1);

  SECTION("at once") { CHECK(settle(b, {.key = {"q", id(1)}, .epoch = leased[0].epoch}) == Item::ok); }
  SECTION("kept for a while") {
    CHECK(settle(b, {.key = {"q", id(1)}, .epoch = leased[0].epoch, .to = State::dead, .keep = Millis(1000)}) ==
          Item::ok);
  }
  SECTION("by force") {
    const TaskKey key{"q", id(1)};
    auto* browser = static_cast<Browser*>(b.query(Browser::kId));
    CHECK(browser->move({&key, 1}, State::leased, State::cancelled, Millis(0)).value().at(0) == Item::ok);
  }
  CHECK(keys(store) == 0);
  CHECK(noted(store) == 0);
  CHECK(enqueue(b, unique_task(3, "a")) == Item::ok);
}

TEST_CASE("a key held while waiting is free with the first claim, for good") {
  Store store;
  DurableBackend& b = store.open();
  NewTask t = unique_task(1, "a");
  t.unique_while = Unique::waiting;
  CHECK(enqueue(b, t) == Item::ok);
  const auto leased = claim(b);
  REQUIRE(leased.size() == 1);
  CHECK(keys(store) == 0);
  CHECK(noted(store) == 0);
  CHECK(settle(b, {.key = {"q", id(1)}, .epoch = leased[0].epoch, .to = State::ready}) == Item::ok);
  CHECK(enqueue(b, unique_task(2, "a")) == Item::ok);
  CHECK(claim(b).size() == 2);
  CHECK(keys(store) == 1);
}

TEST_CASE("unique_for outlives its task and the store, and is swept when it is over") {
  Store store;
  CHECK(enqueue(store.open(), unique_task(1, "a", Millis(5000))) == Item::ok);
  const auto leased = claim(*store.backend);
  REQUIRE(leased.size() == 1);
  CHECK(settle(*store.backend, {.key = {"q", id(1)}, .epoch = leased[0].epoch}) == Item::ok);

  DurableBackend& b = store.open();
  store.time.advance(Millis(4999));
  const Admission refused = admit(b, unique_task(2, "a"));
  CHECK(refused.what == Item::conflict);
  CHECK(refused.id == id(1));
  CHECK(b.trim({.queue = "q"}).value() == 0);
  CHECK(keys(store) == 1);
  store.time.advance(Millis(1));
  CHECK(b.trim({.queue = "q"}).value() == 0);
  CHECK(keys(store) == 0);
  CHECK(enqueue(b, unique_task(2, "a")) == Item::ok);
}

TEST_CASE("a holder is replaced in the place that it takes") {
  Store store;
  DurableBackend& b = store.open();
  NewTask first = unique_task(1, "a", Millis(9000)), second = unique_task(2, "a");
  first.delay = Millis(100);
  second.replace = true;
  second.queue_limit = 1;
  CHECK(enqueue(b, first) == Item::ok);
  CHECK(enqueue(b, second) == Item::ok);
  CHECK(get(b, 1)->tombstone);
  CHECK(get(b, 1)->state == State::cancelled);
  CHECK(raw(store.path, "SELECT scheduled+ready FROM penstock_queue") == 1);
  CHECK(raw(store.path, "SELECT count(*) FROM penstock_keep") == 0);
  CHECK(raw(store.path, "SELECT until FROM penstock_key") == store.time.wall().time_since_epoch().count() + 9000);

  NewTask third = unique_task(3, "a");
  third.replace = true;
  third.queue_limit = 1;
  CHECK(enqueue(b, task(4)) == Item::ok);
  CHECK(enqueue(b, third) == Item::full);  // and then nothing is replaced
  CHECK(get(b, 2)->state == State::ready);
  CHECK(admit(b, unique_task(5, "a")).id == id(2));
}
