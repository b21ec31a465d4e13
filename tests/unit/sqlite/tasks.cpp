#include "store.hpp"

using namespace penstock;
using namespace penstock::testing;

TEST_CASE("a task lives from enqueue to tombstone") {
  Store store;
  DurableBackend& b = store.open();
  CHECK(enqueue(b, task(1)) == Item::ok);
  CHECK(enqueue(b, task(1)) == Item::exists);
  CHECK(enqueue(b, task(1, "other")) == Item::conflict);
  auto leased = claim(b);
  REQUIRE(leased.size() == 1);
  CHECK(leased[0].body == "body");
  CHECK(settle(b, {.key = {"q", id(1)}, .epoch = leased[0].epoch}) == Item::ok);
  CHECK(settle(b, {.key = {"q", id(1)}, .epoch = leased[0].epoch}) == Item::ok);
  auto record = get(b, 1);
  REQUIRE(record);
  CHECK(record->tombstone);
  CHECK(enqueue(b, task(1)) == Item::exists);
}
