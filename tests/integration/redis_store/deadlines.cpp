// A call has one deadline for all that it sends, however many scripts that are.
#include "fixture.hpp"

namespace penstock::redis {
namespace {

// A host on whose machine everything takes long: more than half of a call's time goes by before each script.
struct SlowHost {
  TurnedHost host;
  bool slow = false;
  SlowHost() {
    host.clock.read = [this] {
      if (!slow) return;
      const auto until = std::chrono::steady_clock::now() + Millis(600);
      while (std::chrono::steady_clock::now() < until) {
      }
    };
  }
  std::unique_ptr<DurableBackend> open(const std::string& url) {
    return redis::open(host, url, {{"clock", std::string("host")}, {"timeout", std::string("1s")}});
  }
};

}  // namespace

TEST_CASE("a call that needs many scripts ends when its time is over, not each script's") {
  RedisServer server;
  SlowHost slow;
  const auto b = slow.open(server.url());
  for (int i = 1; i <= 3'000;) {
    std::vector<NewTask> batch;
    for (int k = 0; k < 250; ++k) batch.push_back(task(i++));
    REQUIRE(b->enqueue(batch, nullptr));
  }
  std::string next;
  Filter f;
  f.queue = "q";
  f.state = State::ready;
  f.kind = "another";
  REQUIRE(query<Browser>(*b)->list(f, next));  // the server knows the script from now on
  const long before = told(server, "evalsha");
  slow.slow = true;
  SECTION("a page of what is rare") {
    const auto page = query<Browser>(*b)->list(f, next);
    REQUIRE(!page);
    CHECK(page.error().code == Errc::unavailable);
    CHECK(told(server, "evalsha") - before <= 1);
  }
  SECTION("a task for a queue that is new") {
    const auto entered = put(*b, task(1, "r"));
    REQUIRE(!entered);
    CHECK(entered.error().code == Errc::unavailable);
    CHECK(told(server, "evalsha") - before <= 1);
  }
}

}  // namespace penstock::redis
