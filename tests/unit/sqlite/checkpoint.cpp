// When the write-ahead log is copied into the file.
#include "store.hpp"

using namespace penstock;
using namespace penstock::testing;
using std::filesystem::file_size;

namespace {

// Enqueues until the log has so many octets.
void fill_log(Store& store, std::uintmax_t octets) {
  for (unsigned n = 1'000'000 * static_cast<unsigned>(octets >> 10); file_size(store.path + "-wal") < octets; ++n) {
    REQUIRE(enqueue(*store.backend, task(n)) == Item::ok);
  }
}

}  // namespace

TEST_CASE("callers are held up by a checkpoint only when the log has its full size") {
  Store store;
  store.open({{"checkpoint", std::string("256KiB")}});
  const auto before = file_size(store.path);
  fill_log(store, 240 << 10);
  CHECK(file_size(store.path) == before);
  fill_log(store, 280 << 10);
  CHECK(file_size(store.path) > before);
}

TEST_CASE("a wait makes the checkpoint that would soon hold a caller up") {
  Store store;
  DurableBackend& b = store.open({{"checkpoint", std::string("1MiB")}});
  auto& waiter = *static_cast<Waiter*>(b.query(Waiter::kId));
  const auto before = file_size(store.path);
  const std::uint64_t bell = *waiter.wait(0, Millis(0));
  fill_log(store, 400 << 10);
  REQUIRE(waiter.wait(bell, Millis(0)));
  CHECK(file_size(store.path) == before);  // too early to be worth it
  fill_log(store, 640 << 10);
  REQUIRE(waiter.wait(bell + 1, Millis(0)));
  CHECK(file_size(store.path) == before);  // the bell has rung: there is work to do instead
  REQUIRE(waiter.wait(bell, Millis(0)));
  CHECK(file_size(store.path) > before);
}
