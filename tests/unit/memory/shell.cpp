// The plugin as a host sees it: opened by its table, used by several threads, waited at.
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "support/open_plugin.hpp"

extern "C" const penstock::PluginDescriptor* penstock_plugin_0_memory() noexcept;

using namespace penstock;

namespace {

struct Shell {
  testing::ManualTime time;
  testing::TestHost host{&time};
  std::unique_ptr<DurableBackend> backend = testing::open_component<DurableBackend>(
      &penstock_plugin_0_memory, "memory", host, {{"remember", std::string("1s")}});
  Waiter& waiter = *query<Waiter>(*backend);

  Result<std::vector<Admission>> put(std::uint32_t n) {
    NewTask t;
    t.key.queue = "q";
    t.kind = "k";
    for (std::size_t i = 0; i < 4; ++i) t.key.id.bytes[i] = static_cast<unsigned char>(n >> (8 * i));
    return backend->enqueue({&t, 1}, nullptr);
  }
  Exchanged claim(std::uint32_t limit, std::span<const Settlement> settle = {}) {
    const Share share{"q", limit};
    Exchange x;
    x.settle = settle;
    x.claim = {&share, 1};
    x.limit = limit;
    x.lease = Millis(1000);
    return backend->exchange(x).value();
  }
};

Settlement success(const Leased& l) {
  Settlement s;
  s.key = {l.queue, l.id};
  s.epoch = l.epoch;
  return s;
}

constexpr Millis kTooLong = std::chrono::minutes(5);  // a wait that comes back after this has failed

}  // namespace

TEST_CASE("an enqueue rings for a claim that came back empty, once") {
  Shell s;
  const std::uint64_t bell = s.claim(1).bell;
  CHECK(s.put(1));
  const std::uint64_t rung = s.waiter.wait(bell, kTooLong).value();
  CHECK(rung != bell);
  CHECK(s.put(2));
  CHECK(s.waiter.wait(rung, Millis(0)).value() == rung);
}

TEST_CASE("a thread that waits is woken by the end of a task it has read, and by interrupt") {
  Shell s;
  CHECK(s.put(1));
  const Exchanged got = s.claim(1);
  const TaskKey key{"q", got.leased.at(0).id};
  CHECK(s.backend->get({&key, 1}));
  std::thread waits([&, bell = got.bell] { (void)s.waiter.wait(bell, kTooLong); });
  const Settlement done = success(got.leased[0]);
  const std::uint64_t after = s.claim(0, {&done, 1}).bell;
  CHECK(after != got.bell);
  waits.join();
  std::thread again([&] { (void)s.waiter.wait(after, kTooLong); });
  s.waiter.interrupt();
  again.join();
}

TEST_CASE("trim forgets by the host's clock") {
  Shell s;
  CHECK(s.put(1));
  const Exchanged got = s.claim(1);
  const TaskKey key{"q", got.leased.at(0).id};
  const Settlement done = success(got.leased[0]);
  s.claim(0, {&done, 1});
  s.time.advance(Millis(1001));
  CHECK(s.backend->get({&key, 1}).value().at(0)->tombstone);
  CHECK(s.backend->trim({.queue = "q"}).value() == 0);
  CHECK_FALSE(s.backend->get({&key, 1}).value().at(0));
}

TEST_CASE("whole calls are refused before anything changes") {
  Shell s;
  const std::vector<NewTask> many(s.backend->properties().max_batch + 1);
  CHECK(s.backend->enqueue(many, nullptr).error().code == Errc::invalid);
  const TaskKey first{"q", {}};
  NewTask second;
  second.key.queue = "q";
  second.kind = "k";
  second.after = {&first, 1};
  CHECK(s.backend->enqueue({&second, 1}, nullptr).error().code == Errc::unsupported);
  const Share twice[] = {{"q", 1}, {"q", 1}};
  Exchange x;
  x.claim = twice;
  x.lease = Millis(1);
  CHECK(s.backend->exchange(x).error().code == Errc::invalid);
  x.claim = {twice, 1};
  x.lease = Millis(0);
  CHECK(s.backend->exchange(x).error().code == Errc::invalid);
  CHECK(query<Browser>(*s.backend)->move({}, State::ready, State::dead, Millis(0)).error().code == Errc::invalid);
}

TEST_CASE("producers and workers at once lose and double nothing") {
  Shell s;
  constexpr std::uint32_t kEach = 2000;
  std::atomic<std::uint32_t> done{0};
  std::vector<std::thread> threads;
  for (std::uint32_t p = 0; p < 2; ++p) {
    threads.emplace_back([&, p] {
      for (std::uint32_t n = 0; n < kEach; ++n) (void)s.put(p * kEach + n);
    });
    threads.emplace_back([&] {
      while (done < 2 * kEach) {
        const Exchanged got = s.claim(16);
        std::vector<Settlement> settle;
        for (const Leased& l : got.leased) settle.push_back(success(l));
        if (settle.empty()) {
          if (done < 2 * kEach)
            (void)s.waiter.wait(got.bell, kTooLong);  // asked after the bell, which may have rung before
          continue;
        }
        const Exchanged settled = s.claim(0, settle);
        for (Item i : settled.settled) done += i == Item::ok;
        if (done == 2 * kEach) s.waiter.interrupt();
      }
    });
  }
  for (std::thread& t : threads) t.join();
  CHECK(done == 2 * kEach);
  CHECK(s.claim(1).leased.empty());
}
