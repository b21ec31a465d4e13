// One span is one line, whatever is in it.
#include "log/line.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>

using namespace penstock;
using namespace penstock::log;
using namespace std::string_literals;

TEST_CASE("plain words stand as they are, others in quotes with their controls escaped") {
  CHECK(escaped("image.resize") == "image.resize");
  CHECK(escaped("a/b:c+d_e-f") == "a/b:c+d_e-f");
  CHECK(escaped("") == "\"\"");
  CHECK(escaped("two words") == "\"two words\"");
  CHECK(escaped("a\"b\\c") == "\"a\\\"b\\\\c\"");
  CHECK(escaped("a\nb\rc\td") == "\"a\\nb\\rc\\td\"");
  CHECK(escaped("\x1b[31m\x7f"s) == "\"\\x1b[31m\\x7f\"");
  CHECK(escaped("a\0b"s) == "\"a\\x00b\"");
  CHECK(escaped("\xc2\x9b"
                "31m") == "\"\\xc2\\x9b31m\"");  // a control sequence in one character
  CHECK(escaped("caf\xc3\xa9") == "\"caf\xc3\xa9\"");
}

TEST_CASE("what is long is cut, and says so") {
  CHECK(escaped(std::string(1024, 'a')).size() == 1024);
  const std::string cut = escaped(std::string(5000, 'a'));
  CHECK(cut.size() < 1040);
  CHECK(cut.substr(cut.size() - 4) == "...\"");
}

TEST_CASE("no octets whatever leave their line or their quotes") {
  std::mt19937 random(6);
  for (int round = 0; round < 10'000; ++round) {
    std::string text(random() % 20, '\0');
    for (char& c : text) c = static_cast<char>(random());
    const std::string out = escaped(text);
    for (char c : out) REQUIRE((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
    if (out.front() != '"') continue;
    bool open = true;
    for (std::size_t i = 1; i + 1 < out.size(); ++i) {
      REQUIRE(open);
      if (out[i] == '\\') {
        ++i;
      } else if (out[i] == '"') {
        open = false;
      }
    }
    REQUIRE(out.back() == '"');
  }
}

TEST_CASE("a line has the pairs, those that say nothing left out") {
  Span span{.name = "attempt", .kind = "resize", .queue = "media", .task = "id"};
  span.attempt = 2;
  span.context = {"4bf9", "00f0"};
  span.parent = "a2fb";
  CHECK(format_line(span, {"retry", "disk is full"}, std::chrono::microseconds(12'345)) ==
        "span=attempt kind=resize queue=media task=id attempt=2 ms=12.345 outcome=retry error=\"disk is full\" "
        "trace=4bf9 "
        "id=00f0 parent=a2fb");
  span.attempt = 0;
  span.parent.clear();
  CHECK(format_line(span, {"done", {}}, std::chrono::nanoseconds(0)) ==
        "span=attempt kind=resize queue=media task=id ms=0.000 outcome=done trace=4bf9 id=00f0");
}
