#include "config/units.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>

using namespace penstock::config;
using std::chrono::milliseconds;

TEST_CASE("durations have a unit") {
  CHECK(*parse_duration("250ms") == milliseconds(250));
  CHECK(*parse_duration("10s") == milliseconds(10'000));
  CHECK(*parse_duration("5m") == milliseconds(300'000));
  CHECK(*parse_duration("24h") == milliseconds(86'400'000));
  CHECK(*parse_duration("7d") == milliseconds(604'800'000));
  CHECK(*parse_duration("0s") == milliseconds(0));
  for (const char* text : {"",
                           "10",
                           "s",
                           "10 s",
                           " 10s",
                           "10s ",
                           "-1s",
                           "+1s",
                           "1.5s",
                           "1e3s",
                           "10S",
                           "10us",
                           "10sec",
                           "1m30s",
                           "9223372036854775807s",
                           "99999999999999999999ms",
                           "0x10s",
                           "nan",
                           "inf",
                           "\xd9\xa1s"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("sizes have a unit") {
  CHECK(*parse_size("512B") == 512);
  CHECK(*parse_size("64KiB") == 65'536);
  CHECK(*parse_size("1GiB") == 1'073'741'824);
  for (const char* text : {"", "64", "64K", "64KB", "64kib", "1 MiB", "-1B", "1.5MiB", "8589934592GiB", "B"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_size(text));
  }
}

TEST_CASE("rates are per second, minute or hour") {
  CHECK(*parse_rate("500/s") == 500.0);
  CHECK(*parse_rate("30/m") == 0.5);
  CHECK(*parse_rate("3600/h") == 1.0);
  CHECK(*parse_rate("0.5/s") == 0.5);
  for (const char* text : {"", "500", "/s", "500/", "500/d", "500 /s", "-1/s", "nan/s", "inf/s", "1e300/s", "500/ss"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rate(text));
  }
}

TEST_CASE("what is formatted parses to the same") {
  CHECK(format_duration(milliseconds(90'000)) == "90s");
  CHECK(format_duration(milliseconds(0)) == "0ms");
  CHECK(format_size(1 << 20) == "1MiB");
  CHECK(format_size(1025) == "1025B");
  std::mt19937_64 random(7);
  for (int i = 0; i < 10'000; ++i) {
    auto value = static_cast<std::int64_t>(random() >> (1 + i % 62));
    CHECK(parse_duration(format_duration(milliseconds(value)))->count() == value);
    CHECK(*parse_size(format_size(value)) == value);
  }
}
