// What opening refuses, each with one line that names the file: places it may not write to, files that are
// not ours or of another version, and databases that hold less than they did.
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "schema.hpp"
#include "store.hpp"
#include "support/shim_vfs.hpp"
#include "torture/older.hpp"
#include "torture/raw_sqlite.hpp"

using namespace penstock;
using namespace penstock::testing;
using Catch::Matchers::Contains;
using penstock::torture::Raw;
namespace fs = std::filesystem;

namespace {

bool one_line(const Store& store, const std::string& message) {
  return message.find(store.path) != message.npos && message.find('\n') == message.npos;
}

// Runs `check` in a child, as a user who is not root; returns what it printed, or "skipped" when we are not.
template <class F>
std::string as_nobody(F&& check) {
  if (getuid() != 0) return "skipped";
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    std::string said = "not another user";
    if (setgid(65534) == 0 && setuid(65534) == 0) said = check();
    _exit(write(ends[1], said.data(), said.size()) < 0);
  }
  close(ends[1]);
  std::string said(1000, '\0');
  const ssize_t n = read(ends[0], said.data(), said.size());
  close(ends[0]);
  waitpid(child, nullptr, 0);
  said.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return said;
}

void make_with_task(Store& store) {
  enqueue(store.open(), task(1));
  store.backend.reset();
}

// Does something right before a connection that has no lock takes one to read, for the nth time.
class Before final : public ShimVfs {
 public:
  Before(std::string name, int nth, std::function<void()> act)
      : ShimVfs(std::move(name)), left_(nth), act_(std::move(act)) {}
  bool done() const { return left_ <= 0; }

 private:
  std::optional<int> before(const Call& call) override {
    if (call.op == Op::lock && call.flags == SQLITE_LOCK_SHARED && --left_ == 0) act_();
    return {};
  }
  int left_;
  const std::function<void()> act_;
};

}  // namespace

TEST_CASE("a folder that cannot be written to is refused") {
  Store store;
  make_with_task(store);
  fs::permissions(store.folder, fs::perms(0555));
  const std::string said = as_nobody([&] { return store.refused(); });
  fs::permissions(store.folder, fs::perms(0755));
  if (said == "skipped") return;
  CHECK(one_line(store, said));
  CHECK_THAT(said, Contains("cannot write to its folder") && Contains("Permission denied"));
}

TEST_CASE("a file that cannot be written to is refused") {
  Store store;
  make_with_task(store);
  fs::permissions(store.folder, fs::perms(0777));
  fs::permissions(store.path, fs::perms(0444));
  const std::string said = as_nobody([&] { return store.refused(); });
  if (said == "skipped") return;
  CHECK(one_line(store, said));
  CHECK_THAT(said, Contains("cannot read and write it") && Contains("Permission denied"));
}

// Root may write anywhere but to a file system that is mounted so.
TEST_CASE("a file system that can only be read is refused") {
  Store store;
  make_with_task(store);
  const pid_t child = fork();
  if (child == 0) {
    const char* at = store.folder.c_str();
    if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount(at, at, nullptr, MS_BIND, nullptr) != 0 ||
        mount(nullptr, at, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) {
      _exit(77);
    }
    const std::string said = store.refused();
    const bool clear = said.find(store.path + ": ") == 0 && said.find("Read-only file system") != said.npos;
    _exit(clear && one_line(store, said) ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) return;  // only root may mount
  CHECK(status == 0);
}

TEST_CASE("a folder that is not there, and a folder in the file's place, are refused") {
  Store store;
  CHECK_THAT(store.refused({{"path", store.folder.string() + "/none/a.db"}}), Contains("cannot reach its folder"));
  fs::create_directory(store.path);
  CHECK_THAT(store.refused(), Contains("is not a regular file") && Contains(store.path));
}

TEST_CASE("a database of another application is refused, and left as it is") {
  Store store;
  Raw(store.path).run("PRAGMA application_id=7; CREATE TABLE t(x)");
  CHECK_THAT(store.refused(), Contains("is not a Penstock database: its application id is 7") && Contains(store.path));
  Raw(store.path).run("PRAGMA application_id=0");
  CHECK_THAT(store.refused(), Contains("is not a Penstock database"));
  CHECK(Raw(store.path).ask("SELECT count(*) FROM sqlite_master") == "1");
}

TEST_CASE("a new file may be made by another process at any moment while one opens it") {
  int moments = 0;
  for (bool more = true; more; ++moments) {
    Store store;
    Before before("before", moments + 1, [&] { make_with_task(store); });
    const auto opened = store.make({{"vfs", std::string("before")}});
    more = before.done();
    if (more) CHECK(get(*opened, 1));
  }
  CHECK(moments > 2);
}

TEST_CASE("a schema of the future is refused, and left as it is") {
  Store store;
  make_with_task(store);
  const auto newer = std::to_string(sqlite::kSchemaVersion + 1);
  const std::string before = Raw(store.path).dump();
  Raw(store.path).run("PRAGMA user_version=" + newer);
  CHECK_THAT(store.refused(),
             Contains("has schema version " + newer) && Contains("knows up to") && Contains(store.path));
  Raw(store.path).run("PRAGMA user_version=" + std::to_string(sqlite::kSchemaVersion));
  CHECK(Raw(store.path).dump() == before);
  CHECK(get(store.open(), 1));
}

TEST_CASE("a schema without a version is refused") {
  Store store;
  make_with_task(store);
  Raw(store.path).run("PRAGMA user_version=0");
  CHECK_THAT(store.refused(), Contains("has no schema version") && Contains(store.path));
}

TEST_CASE("tables of another layout are refused, and left as they are") {
  Store store;
  make_with_task(store);
  REQUIRE(Raw(store.path).run("ALTER TABLE penstock_task RENAME COLUMN place TO at") == 0);
  const std::string said = store.refused();
  CHECK_THAT(said, Contains("its tables are those of another Penstock, or damaged: no such column: place"));
  CHECK(one_line(store, said));
  REQUIRE(Raw(store.path).run("ALTER TABLE penstock_task RENAME COLUMN at TO place") == 0);
  CHECK(get(store.open(), 1));
}

TEST_CASE("files of every older version are brought to this one") {
  REQUIRE(std::size(torture::kOlder) == sqlite::kSchemaVersion);
  Store current;
  make_with_task(current);
  const std::string schema = Raw(current.path).rows("SELECT type,name,sql FROM sqlite_master ORDER BY type,name");
  for (const torture::Older& older : torture::kOlder) {
    Store store;
    older.make(store.path);
    CHECK(Raw(store.path).ask("PRAGMA user_version") == std::to_string(older.version));
    CHECK(enqueue(store.open(), task(2)) == Item::ok);
    CHECK(Raw(store.path).ask("PRAGMA user_version") == std::to_string(sqlite::kSchemaVersion));
    CHECK(Raw(store.path).rows("SELECT type,name,sql FROM sqlite_master ORDER BY type,name") == schema);
  }
}

TEST_CASE("a database that was emptied is refused; one that was removed whole begins anew") {
  Store store;
  make_with_task(store);
  Raw(store.path).run("PRAGMA wal_checkpoint(TRUNCATE)");
  fs::resize_file(store.path, 0);
  CHECK_THAT(store.refused(), Contains("it is empty, and it was not") && Contains(store.path + "-bell"));
  fs::remove(store.path);
  CHECK_FALSE(get(store.open(), 1));
}

TEST_CASE("a log without its database is refused, and kept") {
  Store store;
  make_with_task(store);
  fs::remove(store.path);
  CHECK_THAT(store.refused(), Contains("is missing, but its -wal is not") && Contains(store.path));
  std::ofstream(store.path, std::ios::app);
  CHECK_THAT(store.refused(), Contains("is empty, but its -wal is not"));
  CHECK(fs::file_size(store.path + "-wal") > 0);
}

TEST_CASE("a log that was cut short or removed is noticed") {
  Store store;
  make_with_task(store);
  CHECK(claim(store.open()).size() == 1);
  store.backend.reset();
  const std::string log = store.path + "-wal";
  const auto size = fs::file_size(log);
  fs::resize_file(log, size - 1);
  CHECK_THAT(store.refused(), Contains("damaged or cut short") && Contains(store.path));
  fs::resize_file(log, size);  // the last octet is zero now
  CHECK_THAT(store.refused(), Contains("damaged or cut short"));
  Raw(store.path).run("PRAGMA wal_checkpoint(TRUNCATE)");  // what another program does, having read less
  CHECK_THAT(store.refused(), Contains("it has gone back"));
  fs::remove(store.path + "-bell");
  CHECK(store.refused().empty());
}

TEST_CASE("a log that another program has copied into the file is not missed") {
  Store store;
  make_with_task(store);
  CHECK(claim(store.open()).size() == 1);
  store.backend.reset();
  Raw(store.path).run("PRAGMA wal_checkpoint(TRUNCATE)");
  fs::remove(store.path + "-wal");
  CHECK(get(store.open(), 1)->state == State::leased);
}

TEST_CASE("notes of a level that a power cut may undo do not outlive the machine") {
  Store store;
  store.open({{"durability", std::string("process")}});
  enqueue(*store.backend, task(1));
  CHECK(claim(*store.backend).size() == 1);
  store.backend.reset();
  fs::resize_file(store.path + "-wal", 0);
  CHECK_THAT(store.refused(), Contains("has gone back"));
  // As if the machine had been started anew: the notes are of another boot.
  std::fstream bell(store.path + "-bell", std::ios::in | std::ios::out | std::ios::binary);
  bell.seekp(64 + 16).write("elsewhen", 8);
  bell.close();
  CHECK(store.refused().empty());
}
