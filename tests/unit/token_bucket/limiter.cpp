// The limiter as the host opens it.
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include <penstock/plugin/limiter.hpp>

#include "support/open_plugin.hpp"

using namespace penstock;
using namespace penstock::testing;

extern "C" const PluginDescriptor* PENSTOCK_PLUGIN_SYMBOL(token_bucket)() noexcept;

namespace {

using Settings_ = std::map<std::string, config::Written>;

struct Lab {
  ManualTime time;
  TestHost host{&time};
  std::unique_ptr<Limiter> limiter;
  explicit Lab(const Settings_& settings)
      : limiter(open_component<Limiter>(PENSTOCK_PLUGIN_SYMBOL(token_bucket), "token_bucket", host, settings)) {}
  std::uint32_t take(const char* key, std::uint32_t count = 1) { return limiter->acquire(key, count)->granted; }
};

std::string refusal(const Settings_& settings) {
  try {
    Lab lab(settings);
    return "";
  } catch (const std::runtime_error& e) {
    return e.what();
  }
}

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("each key has its own bucket, and a key without a rule is not limited") {
  Lab lab({{"rate", std::string("10/s")}, {"queues", List{"mail=2/s"}}, {"handlers", List{"send=1/m burst 3"}}});
  CHECK(lab.take("process", 100) == 10);
  CHECK(lab.take("queue:mail", 100) == 2);
  CHECK(lab.take("handler:send", 100) == 3);
  CHECK(lab.take("queue:send", 100) == 100);
  CHECK(lab.take("handler:mail", 100) == 100);
  CHECK(lab.take("", 100) == 100);
}

TEST_CASE("who is short is told when to come again, by the boot clock alone") {
  Lab lab({{"rate", std::string("10/s")}, {"burst", std::int64_t{1}}});
  CHECK(lab.take("process") == 1);
  Grant grant = *lab.limiter->acquire("process", 1);
  CHECK(grant.granted == 0);
  CHECK(grant.retry_in == Millis(100));
  lab.time.jump_wall(std::chrono::hours(1000));
  CHECK(lab.take("process") == 0);
  lab.time.advance(Millis(100));
  CHECK(lab.take("process") == 1);
}

TEST_CASE("what is given back can be taken again, and unknown keys are none of its business") {
  Lab lab({{"queues", List{"mail=1/h"}}});
  CHECK(lab.take("queue:mail") == 1);
  CHECK(lab.take("queue:mail") == 0);
  lab.limiter->refund("queue:mail", 1);
  lab.limiter->refund("queue:other", 5);
  CHECK(lab.take("queue:mail") == 1);
  CHECK(lab.take("process", 1000) == 1000);
}

TEST_CASE("a config that makes no sense is refused by its key") {
  CHECK(refusal({}) == "rate: a rate, or a rule for a queue or a handler, is needed");
  CHECK(refusal({{"burst", std::int64_t{3}}, {"queues", List{"a=1/s"}}}) == "burst: it needs a `rate`");
  CHECK(refusal({{"handlers", List{"a"}}}).rfind("handlers: \"a\": ", 0) == 0);
  CHECK(refusal({{"rate", std::string("fast")}}).rfind("rate: expected a rate such as", 0) == 0);
  CHECK(refusal({{"burst", std::int64_t{-1}}}).rfind("burst: expected a whole number", 0) == 0);
  CHECK(refusal({{"rates", std::string("1/s")}}) == "rates: unknown key; did you mean \"rate\"?");
}

TEST_CASE("many threads get no more than there is") {
  Lab lab({{"rate", std::string("1000/s")}});
  std::atomic<std::uint32_t> taken{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 2000; ++i) {
          std::uint32_t got = lab.take("process", 2);
          taken += got;
          if (got == 2 && i % 2 == 0) lab.limiter->refund("process", 1), taken -= 1;
        }
      });
    }
  }
  CHECK(taken == 1000);
}
