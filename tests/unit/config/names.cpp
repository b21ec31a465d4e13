// Names that would mean something else to a store, a path, a label or a log are refused (RELIABILITY D3).
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include <penstock/plugin/names.hpp>

#include "config/text.hpp"

using penstock::valid_name;

namespace {

std::vector<std::string> hostile_names() {
  using std::string;
  std::vector<string> out{"",
                          ".",
                          "..",
                          "...\n",
                          "../x",
                          "a/../b",
                          "/",
                          "//",
                          "a/b",
                          "\\",
                          "a\\b",
                          "%2e",
                          "%2e%2e%2f",
                          "%00",
                          "~",
                          "~root",
                          "{}",
                          "{a}",
                          "a{b}c",
                          "{",
                          "}",
                          ":",
                          "a:b",
                          "::",
                          ";",
                          "'; drop table task; --",
                          "' or 1=1 --",
                          "\"",
                          "`id`",
                          "$(id)",
                          "${HOME}",
                          "$HOME",
                          "|",
                          "a|b",
                          "&",
                          "a&b",
                          ">",
                          "<",
                          "<script>",
                          "*",
                          "?",
                          "a*",
                          "[a]",
                          "(",
                          ")",
                          "!",
                          "@",
                          "#",
                          "^",
                          "=",
                          "+",
                          ",",
                          "a,b",
                          "a b",
                          " ",
                          "  a",
                          "a ",
                          "\t",
                          "\n",
                          "\r\n",
                          "a\nb",
                          "\x1b[31m",
                          "\x7f",
                          "\x01",
                          string("\0", 1),
                          string("a\0b", 3),
                          "\xff",
                          "\xc0\xaf",
                          "\xed\xa0\x80",
                          "\xe2\x80\xae"
                          "abc",
                          "\xe2\x80\x8b",
                          "\xef\xbb\xbf"
                          "a",
                          "caf\xc3\xa9",
                          "\xd0\xb0",
                          "\xf0\x9f\x98\x80",
                          "\xef\xbc\x8f",
                          "\xe2\x80\xa6",
                          string(129, 'a'),
                          string(10 << 10, 'a'),
                          string(1 << 20, '.'),
                          "*1\r\n$4\r\nPING",
                          "EVAL x 0",
                          "a\vb",
                          "a\fb",
                          "\b",
                          "%s%n",
                          "%d",
                          "{{7*7}}",
                          "../../etc/passwd",
                          "C:\\x",
                          "file:///x",
                          "http://x",
                          "a?b=c",
                          "a#b",
                          "a%b",
                          "\xc2\xa0",
                          "\xe2\x80\xa8",
                          "a\xcc\x81",
                          "\\x41",
                          "&lt;",
                          "a'b"};
  for (int c = 0; c < 256; ++c) {
    bool fine =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == '-';
    if (!fine) out.push_back("queue" + std::string(1, static_cast<char>(c)) + "1");
  }
  return out;
}

}  // namespace

TEST_CASE("hostile names are refused") {
  std::vector<std::string> names = hostile_names();
  REQUIRE(names.size() >= 250);
  for (const std::string& name : names) {
    CAPTURE(penstock::config::printable(name));
    CHECK_FALSE(valid_name(name));
    CHECK_FALSE(penstock::config::component_name(name));
  }
}

TEST_CASE("plain names are taken, up to 128 octets") {
  for (const char* name : {"a", "A", "0", "-", "_", "...", "a.b", "default", "__proto__", "critical-2.eu_west"}) {
    CAPTURE(name);
    CHECK(valid_name(name));
  }
  CHECK(valid_name(std::string(128, 'x')));
  CHECK_FALSE(valid_name(std::string(129, 'x')));
}

TEST_CASE("names of components are narrower") {
  using penstock::config::component_name;
  for (const char* name : {"a", "redis", "token_bucket", "s3"}) CHECK(component_name(name));
  for (const char* name : {"Redis", "3s", "_a", "a-b", "a.b", "a b"}) CHECK_FALSE(component_name(name));
  CHECK(component_name(std::string(64, 'a')));
  CHECK_FALSE(component_name(std::string(65, 'a')));
}

TEST_CASE("text becomes printable on one line") {
  using penstock::config::printable;
  CHECK(printable("a\nb\x1b") == "a\\x0ab\\x1b");
  CHECK(printable("caf\xc3\xa9") == "caf\xc3\xa9");
  CHECK(printable("\xc3(\xff") == "\\xc3(\\xff");
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");
  CHECK(printable("\xc2\x85") == "\\xc2\\x85");
  CHECK(printable(std::string(500, 'a'), 10) == "aaaaaaaaaa...");
  CHECK(printable(std::string("\0", 1)) == "\\x00");
}
