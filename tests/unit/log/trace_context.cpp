// W3C traceparents: read strictly, written as version 00.
#include "log/trace_context.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>

using namespace penstock::log;

namespace {
const std::string kGood = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
}

TEST_CASE("a traceparent is read, and written back with the sampled flag") {
  auto context = parse_traceparent(kGood);
  REQUIRE(context);
  CHECK(context->trace == "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(context->span == "00f067aa0ba902b7");
  CHECK(format_traceparent(*context) == kGood);
  CHECK(parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"));
}

TEST_CASE("of a later version the known part is read") {
  CHECK(parse_traceparent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
  CHECK(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be-like"));
  CHECK_FALSE(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what"));
  CHECK_FALSE(parse_traceparent("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
  CHECK_FALSE(parse_traceparent(kGood + "-more"));
}

TEST_CASE("ids of zeros, capital letters and every damage are refused") {
  CHECK_FALSE(parse_traceparent("00-00000000000000000000000000000000-00f067aa0ba902b7-01"));
  CHECK_FALSE(parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"));
  for (std::size_t n = 0; n < kGood.size(); ++n) CHECK_FALSE(parse_traceparent(kGood.substr(0, n)));
  for (std::size_t at = 0; at < kGood.size(); ++at) {
    for (char c : {'G', 'A', ' ', '\0', '\n', '\xff', kGood[at] == '-' ? '0' : '-'}) {
      std::string bad = kGood;
      bad[at] = c;
      CAPTURE(bad);
      CHECK_FALSE(parse_traceparent(bad));
    }
  }
}

TEST_CASE("random ids have the right form and do not repeat") {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = random_id(8);
    CHECK(id.size() == 16);
    CHECK(id.find_first_not_of("0123456789abcdef") == id.npos);
    seen.insert(id);
  }
  CHECK(seen.size() == 1000);
  CHECK(random_id(16).size() == 32);
}
