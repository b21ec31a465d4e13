#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "redis/encode.hpp"
#include "redis/script.hpp"

namespace penstock::redis {
namespace {

TEST_CASE("a command is an array of bulk strings, octet by octet") {
  std::string out;
  append_command(out, {"SET", "k", std::string_view("\0\r\n", 3)});
  CHECK(out == std::string("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\n\0\r\n\r\n", 29));
}

TEST_CASE("words may be empty, and commands follow one another") {
  std::string out;
  append_command(out, {"ECHO", ""});
  append_command(out, std::vector<std::string>{"PING"});
  CHECK(out == "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n*1\r\n$4\r\nPING\r\n");
}

TEST_CASE("lengths are decimal however long") {
  std::string out;
  append_word(out, std::string(1234567, 'x'));
  CHECK(out.substr(0, 10) == "$1234567\r\n");
  CHECK(out.size() == 10 + 1234567 + 2);
}

TEST_CASE("a script is known by the SHA-1 of its text") {
  CHECK(Script("return 1").sha() == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
}

}  // namespace
}  // namespace penstock::redis
