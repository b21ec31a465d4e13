// Files that are deleted or replaced under a running store (S14).
#include <fstream>

#include "store.hpp"
#include "torture/raw_sqlite.hpp"

using namespace penstock;
using namespace penstock::testing;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

Error refusal(DurableBackend& b, unsigned n) {
  const NewTask one = task(n);
  auto out = b.enqueue({&one, 1}, nullptr);
  return out ? Error{Errc::internal, "was not refused"} : out.error();
}

// What happens to the file called `suffix`; within a second of it, nothing more is written.
void check_noticed(const std::string& suffix, void (*harm)(const std::string& file)) {
  INFO(suffix);
  Store store;
  DurableBackend& b = store.open();
  CHECK(enqueue(b, task(1)) == Item::ok);
  harm(store.path + suffix);
  store.time.advance(Millis(1000));
  for (unsigned n = 2; n < 5; ++n) {  // and it stays so
    const Error e = refusal(b, n);
    CHECK(e.code == Errc::data_regression);
    CHECK_FALSE(e.retryable);
    CHECK_THAT(e.message, Contains(store.path + suffix + ": it was deleted or replaced"));
    CHECK(e.message.find('\n') == e.message.npos);
  }
  CHECK(store.host.logged(Level::error) == 1);
}

}  // namespace

TEST_CASE("a file that is deleted while it is open is noticed") {
  const auto remove = [](const std::string& file) { fs::remove(file); };
  check_noticed("", remove);
  check_noticed("-wal", remove);
  check_noticed("-shm", remove);
}

TEST_CASE("a file that is replaced while it is open is noticed") {
  const auto replace = [](const std::string& file) {
    fs::copy_file(file, file + ".new");
    fs::rename(file + ".new", file);
  };
  check_noticed("", replace);
  check_noticed("-wal", replace);
  check_noticed("-shm", replace);
}

TEST_CASE("files that stay are looked at in vain") {
  Store store;
  DurableBackend& b = store.open({{"checkpoint", std::string("64KiB")}});
  for (unsigned n = 1; n < 100; ++n) {
    CHECK(enqueue(b, task(n, std::string(1500, 'x'))) == Item::ok);
    store.time.advance(Millis(1000));
  }
  CHECK(store.host.logged(Level::error) == 0);
}

TEST_CASE("a backend does not go on with a file put in place of its own") {
  Store store, other;
  DurableBackend& b = store.open();
  enqueue(b, task(1));
  enqueue(other.open(), task(2));
  other.backend.reset();
  torture::Raw(other.path).run("PRAGMA wal_checkpoint(TRUNCATE)");
  fs::rename(other.path, store.path);
  store.time.advance(Millis(1000));
  CHECK(refusal(b, 3).code == Errc::data_regression);
  CHECK(torture::Raw(store.path).ask("SELECT count(*) FROM penstock_task") == "1");
}
