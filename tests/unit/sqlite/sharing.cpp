// Several users of one file: backends, processes, and children that a fork made.
#include <atomic>
#include <fcntl.h>
#include <functional>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "store.hpp"
#include "torture/raw_sqlite.hpp"

using namespace penstock;
using namespace penstock::testing;
using penstock::torture::Raw;

namespace {

bool in_child(const std::function<bool()>& holds) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    _exit(holds() ? 0 : 1);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
  }
  return status == 0;
}

template <class T>
bool refused(const Result<T>& result) {
  return !result && result.error().message.find("fork") != std::string::npos;
}

bool every_call_is_refused(DurableBackend& b) {
  const NewTask one = task(77);
  const TaskKey key{"q", id(1)};
  const Share share{"q", 1};
  auto& registry = *static_cast<Registry*>(b.query(Registry::kId));
  auto& browser = *static_cast<Browser*>(b.query(Browser::kId));
  auto& waiter = *static_cast<Waiter*>(b.query(Waiter::kId));
  std::string next;
  waiter.interrupt();
  return refused(b.enqueue({&one, 1}, nullptr)) && refused(b.exchange({.claim = {&share, 1}, .limit = 1})) &&
         refused(b.cancel({&key, 1})) && refused(b.get({&key, 1})) && refused(b.counts()) &&
         refused(b.trim({.queue = "q"})) && refused(waiter.wait(0, Millis(60'000))) && refused(registry.list("")) &&
         refused(registry.put({"d", "v", 0})) && refused(browser.list({.queue = "q"}, next)) &&
         refused(browser.move({&key, 1}, State::dead, State::ready, Millis(0))) && b.properties().max_batch > 0;
}

}  // namespace

TEST_CASE("a child of a fork is refused every call, and may destroy its copy") {
  Store store;
  DurableBackend& b = store.open();
  enqueue(b, task(1));
  CHECK(in_child([&] { return every_call_is_refused(b) && (store.backend.reset(), true); }));
  CHECK(enqueue(b, task(2)) == Item::ok);
  CHECK(claim(b).size() == 2);
  CHECK(Raw(store.path).integrity() == "ok");
}

TEST_CASE("a child of a fork cannot open a database beside its parent's locks") {
  Store store, other;
  store.open();
  CHECK(in_child([&] { return store.refused().find("forked") != std::string::npos; }));
  CHECK(in_child([&] { return other.refused().find("forked") != std::string::npos; }));
  store.backend.reset();
  CHECK(in_child([&] { return store.refused().empty(); }));
}

TEST_CASE("forks of a process that writes harm nobody") {
  Store store;
  DurableBackend& b = store.open({{"checkpoint", std::string("64KiB")}});
  std::atomic<bool> done{false};
  unsigned added = 0;
  std::jthread writer([&] {
    while (!done) added += enqueue(b, task(++added, std::string(900, 'x'))) != Item::ok;
  });
  for (int i = 0; i < 60; ++i)
    CHECK(in_child([&] { return every_call_is_refused(b) && (store.backend.reset(), true); }));
  done = true;
  writer.join();
  CHECK(b.counts()->at(0).by_state[static_cast<std::size_t>(State::ready)] == added);
  CHECK(Raw(store.path).integrity() == "ok");
}

TEST_CASE("no file stays open in a program that a child executes") {
  Store store;
  DurableBackend& b = store.open({{"checkpoint", std::string("64KiB")}});
  for (unsigned n = 1; n < 60; ++n) enqueue(b, task(n, std::string(1500, 'x')));
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry, gone).string();
    if (target.rfind(store.folder.string(), 0) != 0) continue;
    ++seen;
    CHECK((fcntl(std::stoi(entry.path().filename()), F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(seen > 5);
}

TEST_CASE("two backends on one file see each other's tasks at once") {
  Store store;
  DurableBackend& one = store.open();
  const auto two = store.make();
  CHECK(enqueue(one, task(1)) == Item::ok);
  CHECK(enqueue(*two, task(1)) == Item::exists);
  const auto leased = claim(*two);
  REQUIRE(leased.size() == 1);
  CHECK(get(one, 1)->state == State::leased);
  CHECK(settle(one, {.key = {"q", id(1)}, .epoch = leased[0].epoch}) == Item::ok);
  CHECK(get(*two, 1)->tombstone);
}

TEST_CASE("what another process did to a queue counts, even right after a call that counted") {
  Store store;
  DurableBackend& one = store.open();
  const auto two = store.make();
  unsigned n = 0;
  for (DurableBackend* b : {&one, two.get(), &one, &one, two.get(), two.get(), &one}) {
    CHECK(enqueue(*b, task(++n)) == Item::ok);
    CHECK(b->counts()->at(0).by_state[static_cast<std::size_t>(State::ready)] == n);
  }
}

TEST_CASE("an id that was ended by another process is known, even right after a call that found none ended") {
  Store store;
  DurableBackend& one = store.open();
  const auto two = store.make();
  auto end = [](DurableBackend& b, unsigned n) {
    CHECK(enqueue(b, task(n)) == Item::ok);
    const auto leased = claim(b);
    REQUIRE(leased.size() == 1);
    CHECK(settle(b, {.key = {"q", id(n)}, .epoch = leased[0].epoch}) == Item::ok);
  };
  for (unsigned n = 1; n < 10; n += 2) {
    end(one, n);
    CHECK(enqueue(one, task(n)) == Item::exists);  // it knows the highest id that has ended
    end(*two, n + 1);
    CHECK(enqueue(one, task(n + 1)) == Item::exists);
  }
}
