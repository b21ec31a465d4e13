// Rates of single calls, as they stand in the config.
#include "fault/rates.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace penstock;
using namespace penstock::fault;

namespace {

std::string why(const std::vector<std::string>& entries) {
  RatesByCall rates;
  auto added = add_calls(entries, rates);
  return added ? "" : added.error().message;
}

}  // namespace

TEST_CASE("a call's own rates stand in place of those of all calls") {
  RatesByCall rates;
  rates.fill({0.5, 0.5, 0.5});
  REQUIRE(add_calls({"enqueue=error 0.25 unknown 1", "move=delayed 0"}, rates));
  const Rates& enqueue = rates[static_cast<std::size_t>(Call::enqueue)];
  CHECK((enqueue.error == 0.25 && enqueue.unknown == 1 && enqueue.delayed == 0));
  const Rates& move = rates[static_cast<std::size_t>(Call::move)];
  CHECK((move.error == 0 && move.unknown == 0 && move.delayed == 0));
  CHECK(rates[static_cast<std::size_t>(Call::exchange)].error == 0.5);
}

TEST_CASE("what is no rate of a call is refused, and named") {
  CHECK(why({"enqueue=error 0.1 unknown 0.1 delayed 0.1"}) == "");
  CHECK(why({"enqeue=error 0.1"}) ==
        "calls: \"enqeue=error 0.1\": expected one of exchange, enqueue, cancel, get, counts, trim, wait, documents, "
        "put, "
        "limit, hold, gates, list, move");
  CHECK(why({"get=error 0.1", "get=unknown 0.1"}) == "calls: \"get=unknown 0.1\": the call stands there twice");
  CHECK(why({"get=error 0.1 error 0.2"}) == "calls: \"get=error 0.1 error 0.2\": error stands there twice");
  CHECK(why({"get=eror 0.1"}) == "calls: \"get=eror 0.1\": expected error, unknown or delayed, got \"eror\"");
  for (const char* none : {"get", "get=", "get=  "}) {
    CHECK(why({none}) == "calls: \"" + std::string(none) + "\": expected rates, such as \"enqueue=error 0.1\"");
  }
  for (const char* share : {"", "-0.1", "1.5", "nan", "inf", "x", "0.5x", "0x1"}) {
    CHECK(why({"get=error " + std::string(share)}) ==
          "calls: \"get=error " + std::string(share) + "\": error: expected 0 up to 1, got \"" + share + "\"");
  }
}
