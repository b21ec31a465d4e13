// The log of the example backend: all who read it have the same store, whatever they missed.
#include "src/log.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "src/files.hpp"
#include "src/request.hpp"
#include "support/folder.hpp"
#include "support/rounds.hpp"

using namespace filesystem;
using penstock::testing::Folder;
namespace fs = std::filesystem;

namespace {

// A process on the log, which puts tasks in by numbers.
struct Process {
  explicit Process(const Folder& folder) : log(folder / "store", false) {}

  static NewTask task(std::uint64_t number) {
    NewTask t;
    t.key.queue = "q", t.kind = "k", t.body = "body";
    for (std::size_t i = 0; i < 8; ++i) t.key.id.bytes[i] = static_cast<unsigned char>(number >> (8 * i));
    return t;
  }
  static Reading at(std::int64_t boot) { return {Time(Millis(1000)), Millis(boot), "here"}; }
  // Without a look at what others did meanwhile.
  bool append(std::uint64_t number) {
    const NewTask t = task(number);
    return log.append(request({&t, 1}, at(1)));
  }
  void enqueue(std::uint64_t number) {
    const NewTask t = task(number);
    Store* store = nullptr;
    do store = &log.now();
    while (!append(number));
    store->tick(at(1));
    store->enqueue({&t, 1}, at(1));
    log.made();
  }
  void enqueue(std::uint64_t from, std::uint64_t to) {
    for (; from < to; ++from) enqueue(from);
  }
  // As the backend does: only what changes something goes into the log.
  std::size_t claim(std::int64_t boot) {
    const Share share{"q", 1};
    const Exchange x{.claim = {&share, 1}, .limit = 1, .lease = Millis(100)};
    Store& store = log.now();
    const Reading now = at(boot);
    if (!store.changes(x, now)) return store.exchange(x, now).leased.size();
    REQUIRE(log.append(request(x, now)));
    store.tick(now);
    const std::size_t out = store.exchange(x, now).leased.size();
    log.made();
    return out;
  }
  std::uint64_t ready() {
    const auto counts = log.now().counts();
    return counts.empty() ? 0 : counts[0].by_state[static_cast<std::size_t>(State::ready)];
  }

  Log log;
};

std::size_t folders(const Folder& folder) {
  std::size_t out = 0;
  for (const auto& there : fs::directory_iterator(folder / "store")) {
    out += there.path().filename().string().rfind("log-", 0) == 0;
  }
  return out;
}

}  // namespace

TEST_CASE("an entry that was made for another store than the latest is not taken") {
  Folder folder;
  Process one(folder), other(folder);
  one.log.now();
  other.log.now();
  CHECK(one.append(1));
  CHECK_FALSE(other.append(2));
  CHECK(other.ready() == 1);
  CHECK(other.append(2));
  CHECK(one.ready() == 2);
}

TEST_CASE("a call that was appended and not made, as its caller failed, is made by the next look") {
  Folder folder;
  Process one(folder);
  one.enqueue(0, 3);
  CHECK(one.append(3));
  CHECK(one.ready() == 4);
}

TEST_CASE("processes that take turns have the same store, octet for octet, also one that begins later") {
  Folder folder;
  Process one(folder), other(folder);
  for (std::uint64_t n = 0; n < 1300; n += 2) one.enqueue(n), other.enqueue(n + 1);
  Process late(folder);
  const std::string store = one.log.now().save();
  CHECK(other.log.now().save() == store);
  CHECK(late.log.now().save() == store);
  CHECK(Store::load(store).save() == store);
  CHECK(late.ready() == 1300);
}

TEST_CASE("an answer that is not in the log moves no clock: the next call makes the same store everywhere") {
  Folder folder;
  Process one(folder), other(folder);
  one.enqueue(1);
  CHECK(one.claim(980) == 1);
  CHECK(one.claim(1000) == 0);  // the lease holds on: nobody hears of it
  other.enqueue(2);
  CHECK(other.claim(990) == 1);
  CHECK(one.log.now().save() == other.log.now().save());
}

TEST_CASE("one that was away while folders came and went goes on from the newest, and appends to no old one") {
  Folder folder;
  Process busy(folder), away(folder), at_the_end(folder);
  const std::uint64_t missed = kSanitized ? 1001 : GENERATE(1, 999, 1000, 1001, 2000, 2500, 3500);
  CAPTURE(missed);
  busy.enqueue(0, 1000);
  at_the_end.log.now();  // has read all of the first folder, and made the next
  Process before(folder);
  before.log.now();
  away.log.now();
  busy.enqueue(1000, 1000 + missed);
  CHECK(folders(folder) <= 3);
  CHECK_FALSE(away.append(1'000'000));
  CHECK(away.ready() == 1000 + missed);
  CHECK_FALSE(at_the_end.append(1'000'000));
  CHECK(at_the_end.ready() == 1000 + missed);
  CHECK(before.ready() == 1000 + missed);
  away.enqueue(2'000'000);
  CHECK(busy.ready() == 1001 + missed);
}

TEST_CASE("a folder that is made anew after the others have left it takes nothing that counts") {
  Folder folder;
  Process busy(folder), away(folder);
  busy.enqueue(0, 500);
  away.log.now();
  busy.enqueue(500, 3500);
  fs::create_directory(folder.path() + "/store/log-000000000000");  // by somebody who was stopped for long
  CHECK_THROWS_AS(away.append(1'000'000), Uncertain);
  CHECK(away.ready() == 3500);
}

TEST_CASE("an entry or a snapshot that is damaged or cut short is refused, and named") {
  Folder folder;
  { Process(folder).enqueue(0, 3); }
  const std::string name = GENERATE("snapshot", "000000000001");
  const std::string path = folder.path() + "/store/log-000000000000/" + name;
  std::string octets = read(path).value();
  std::ifstream file(path, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(file), {}};
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::ofstream(path, std::ios::binary).write(whole.data(), static_cast<std::streamsize>(size));
    CHECK_THROWS_WITH(Process(folder).ready(), path + ": damaged, or cut short");
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] ^= 1;
    std::ofstream(path, std::ios::binary).write(changed.data(), static_cast<std::streamsize>(changed.size()));
    CHECK_THROWS_WITH(Process(folder).ready(), path + ": damaged, or cut short");
  }
}

TEST_CASE("scratch files of the dead go when they are old, those of the living stay") {
  Folder folder;
  Process one(folder);
  one.enqueue(0, 1);
  const std::string old = folder.path() + "/store/scratch-1", young = folder.path() + "/store/scratch-2";
  std::ofstream(old) << "x";
  std::ofstream(young) << "x";
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(2));
  one.enqueue(1, 2001);
  one.log.now();
  CHECK_FALSE(fs::exists(old));
  CHECK(fs::exists(young));
}
