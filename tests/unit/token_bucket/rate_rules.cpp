// The rules as they stand in the config.
#include "shared/rate_rules.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace penstock;
using namespace penstock::shared;

TEST_CASE("a rule is a rate, and perhaps a burst") {
  CHECK(parse_rule("500/s")->per_second == 500);
  CHECK(parse_rule("30/m")->per_second == 0.5);
  CHECK(parse_rule("0.5/s")->per_second == 0.5);
  CHECK(parse_rule("3600/h")->per_second == 1);
  CHECK(parse_rule("500/s")->burst == 0);
  CHECK(parse_rule("500/s burst 7")->burst == 7);
  CHECK(parse_rule("1/s burst 1000000000")->burst == 1'000'000'000);
}

TEST_CASE("no other text is one") {
  for (const char* text : {"",
                           "/",
                           "/s",
                           "500",
                           "500/",
                           "500/d",
                           "500 /s",
                           "500/ s",
                           "0/s",
                           "-1/s",
                           "nan/s",
                           "inf/s",
                           "1e300/s",
                           "+5/s",
                           "0x10/s",
                           "5/ss",
                           "5s",
                           "5//s",
                           "5/s ",
                           " 5/s",
                           "5/sburst 3",
                           "5/s burst",
                           "5/s burst ",
                           "5/s burst 0",
                           "5/s burst -1",
                           "5/s burst 1.5",
                           "5/s burst 1000000001",
                           "5/s burst 3 burst 4",
                           "5/s  burst 3",
                           "burst 3",
                           " burst 3",
                           "5/s burst 99999999999999999999",
                           "\xff/s"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rule(text));
  }
}

TEST_CASE("an error names the setting, the entry and what is wrong with it") {
  auto error = [](std::vector<std::string> list) {
    Rules rules;
    Result<void> added = add_rules("queues", list, "queue:", rules);
    return added ? std::string() : added.error().message;
  };
  CHECK(error({"mail"}) == "queues: \"mail\": expected \"NAME=RATE\", such as \"mail=30/m\"");
  CHECK(error({"a b=3/s"}) == "queues: \"a b=3/s\": the name must be 1 to 128 of A-Z a-z 0-9 . _ -");
  CHECK(error({"=3/s"}) == "queues: \"=3/s\": the name must be 1 to 128 of A-Z a-z 0-9 . _ -");
  CHECK(error({"mail=3/s", "mail=4/s"}) == "queues: \"mail=4/s\": the name stands twice");
  CHECK(error({"mail=fast"}) ==
        "queues: \"mail=fast\": expected a rate above 0, such as \"500/s\", \"30/m\" or \"10/h\", got \"fast\"");
  CHECK(error({"mail=3/s burst 0"}) ==
        "queues: \"mail=3/s burst 0\": expected a burst of 1 up to 1000000000, such as \"30/m burst 5\", got \"3/s "
        "burst 0\"");
  CHECK(error({"mail=3/s", "sms=4/m burst 2"}).empty());
}

TEST_CASE("rules are kept under their keys") {
  Rules rules;
  CHECK(add_rules("queues", {"mail=30/m burst 5"}, "queue:", rules));
  CHECK(add_rules("handlers", {"mail=1/s"}, "handler:", rules));
  CHECK(rules.size() == 2);
  CHECK(rules.at("queue:mail").burst == 5);
  CHECK(rules.at("handler:mail").per_second == 1);
}
