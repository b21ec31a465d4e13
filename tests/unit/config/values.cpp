#include "config/values.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <string>

#include "config/core.hpp"
#include "config/show.hpp"

using namespace penstock;
using namespace penstock::config;

namespace {

constexpr Setting kAll[] = {
    {"on", Kind::boolean, "true", "A switch."},
    {"count", Kind::integer, "8", "A number.", 1, 256},
    {"share", Kind::number, "0.5", "A share.", 0, 1},
    {"path", Kind::string, "x.db", "A path."},
    {"wait", Kind::duration, "10s", "A time.", 1000, 60'000},
    {"room", Kind::size, "1MiB", "A size.", 1024, 1 << 30},
    {"speed", Kind::rate, "30/m", "A rate.", 0, 1000},
    {"level", Kind::choice, "full", "A choice.", 0, 0, "off|normal|full"},
    {"password", Kind::secret, "", "A secret."},
    {"hosts", Kind::list, "a,b", "A list."},
};

std::string message(std::span<const Setting> table, const std::map<std::string, Written>& written) {
  auto values = Values::check(table, written);
  return values ? "" : values.error().message;
}

}  // namespace

TEST_CASE("fallbacks are used where nothing is written") {
  auto v = Values::check(kAll, {});
  REQUIRE(v);
  CHECK(v->flag("on"));
  CHECK(v->integer("count") == 8);
  CHECK(v->number("share") == 0.5);
  CHECK(v->text("path") == "x.db");
  CHECK(v->duration("wait") == std::chrono::seconds(10));
  CHECK(v->integer("room") == 1 << 20);
  CHECK(v->number("speed") == 0.5);
  CHECK(v->text("level") == "full");
  CHECK(v->text("password").empty());
  CHECK(v->list("hosts") == std::vector<std::string>{"a", "b"});
}

TEST_CASE("asking for what was not declared gives the zero value") {
  auto v = Values::check(kAll, {});
  REQUIRE(v);
  CHECK_FALSE(v->flag("nothing"));
  CHECK(v->integer("path") == 0);
  CHECK(v->text("count").empty());
  CHECK(v->list("on").empty());
}

TEST_CASE("errors say what was expected and what was seen") {
  CHECK(message(kAll, {{"on", std::string("yes")}}) == "on: expected true or false, got \"yes\"");
  CHECK(message(kAll, {{"count", std::int64_t{0}}}) == "count: expected a whole number from 1 up to 256, got 0");
  CHECK(message(kAll, {{"share", std::string("half")}}) ==
        "share: expected a finite number from 0 up to 1, got \"half\"");
  CHECK(message(kAll, {{"wait", std::string("90s")}}) ==
        "wait: expected a duration such as \"250ms\", \"10s\" or \"5m\" from \"1s\" up to \"1m\", got \"90s\"");
  CHECK(message(kAll, {{"level", std::string("fast")}}) == "level: expected one of off, normal, full, got \"fast\"");
  CHECK(message(kAll, {{"hosts", std::string("a")}}) == "hosts: expected a list of texts, got \"a\"");
  CHECK(message(kAll, {{"hots", std::string("a")}}) == "hots: unknown key; did you mean \"hosts\"?");
  CHECK(message(kAll, {{"zzzzzz", true}}) == "zzzzzz: unknown key");
  constexpr Setting kRequired[] = {{"url", Kind::string, nullptr, "Server."}};
  CHECK(message(kRequired, {}) == "url: this key is required; expected text in quotes");
}

TEST_CASE("secrets come from the environment or a file, and are never in an error") {
  ::setenv("PENSTOCK_TEST_SECRET", "hush", 1);
  auto v = Values::check(kAll, {{"password", std::string("env:PENSTOCK_TEST_SECRET")}});
  REQUIRE(v);
  CHECK(v->text("password") == "hush");
  ::unsetenv("PENSTOCK_TEST_SECRET");
  CHECK(message(kAll, {{"password", std::string("env:PENSTOCK_TEST_SECRET")}}) ==
        "password: the environment variable \"PENSTOCK_TEST_SECRET\" is not set");
  CHECK(message(kAll, {{"password", std::string("file:/nowhere/x")}}) ==
        "password: cannot read the file \"/nowhere/x\"");
  CHECK(message(kAll, {{"password", std::string("file:/")}}) == "password: cannot read the file \"/\"");
  CHECK(message(kAll, {{"password", std::string("file:/dev/zero")}}) ==
        "password: the file \"/dev/zero\" is larger than 64KiB");
  CHECK(message(kAll, {{"password", std::int64_t{12345}}}) ==
        "password: expected text, \"env:NAME\" or \"file:PATH\", got a number");
}

TEST_CASE("a shown section masks secrets, and reads back as the same") {
  Section section;
  section.name = "backend.x";
  section.values = {{"password", std::string("hush")}, {"path", std::string("a\"b\\\n")}, {"share", 1.0}};
  std::string text = show(kAll, section);
  CHECK(text.find("hush") == std::string::npos);
  CHECK(text.find("password = \"***\"") != std::string::npos);
  auto again = parse(text, "shown.toml");
  REQUIRE(again);
  auto v = check(kAll, again->child("backend").child("x"));
  REQUIRE(v);
  CHECK(v->text("path") == "a\"b\\\n");
  CHECK(v->number("share") == 1.0);
  CHECK(v->integer("count") == 8);
  section.values = {{"password", std::string("env:NAME")}};
  CHECK(show(kAll, section).find("password = \"env:NAME\"") != std::string::npos);
}

TEST_CASE("the core tables keep their own rules") {
  for (const Table& table : core_tables()) {
    auto sound = check_table(table.settings);
    CHECK((sound ? std::string() : std::string(table.name) + "." + sound.error().message) == "");
  }
}

TEST_CASE("tables that break a rule are found out") {
  auto why = [](const Setting& s) {
    auto sound = check_table({&s, 1});
    return sound ? "" : sound.error().message;
  };
  CHECK(why({"Url", Kind::string, "", "Doc."}) == "a setting has a key that is not snake_case");
  CHECK(why({nullptr, Kind::string, "", "Doc."}) == "a setting has a key that is not snake_case");
  CHECK(why({"url", Kind::string, "", ""}) == "url: has no doc");
  CHECK(why({"url", Kind::string, "", nullptr}) == "url: has no doc");
  CHECK(why({"url", static_cast<Kind>(99), "", "Doc."}) == "url: unknown kind of setting");
  CHECK(why({"level", Kind::choice, "a", "Doc."}) == "level: is a choice without choices");
  CHECK(why({"n", Kind::integer, "x", "Doc."}) == "n: expected a whole number, got \"x\" as its fallback");
  CHECK(why({"n", Kind::integer, "7", "Doc.", 1, 5}) ==
        "n: expected a whole number from 1 up to 5, got 7 as its fallback");
  CHECK(why({"n", Kind::integer, "7", "Doc.", 5, 1}) == "n: its least value is above its largest");
  CHECK(why({"t", Kind::duration, "10", "Doc."}) ==
        "t: expected a duration such as \"250ms\", \"10s\" or \"5m\", got \"10\" as its fallback");
  constexpr Setting kTwice[] = {{"a", Kind::string, "", "Doc."}, {"a", Kind::string, "", "Doc."}};
  CHECK(check_table(kTwice).error().message == "a: declared twice");
}
