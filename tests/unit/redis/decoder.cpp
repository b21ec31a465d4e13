#include "redis/decoder.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "redis/failure.hpp"

namespace penstock::redis {
namespace {

constexpr Limits kSmall{.nesting = 3, .values = 100, .text = 1000, .octets = 5000};

// All values that `octets` hold, fed in pieces of at most `piece`.
std::vector<Reply> decode(std::string_view octets, std::size_t piece = 1 << 20, const Limits& limits = kSmall) {
  Decoder decoder(limits);
  const auto values = std::make_shared<Values>();
  decoder.begin(*values);
  std::vector<std::size_t> roots;
  for (std::size_t at = 0; at < octets.size(); at += piece) {
    decoder.feed(octets.substr(at, piece));
    while (const auto root = decoder.next()) roots.push_back(*root);
  }
  std::vector<Reply> out;
  for (std::size_t root : roots) out.emplace_back(values, root);
  return out;
}

std::string refused(std::string_view octets, const Limits& limits = kSmall) {
  try {
    decode(octets, 1 << 20, limits);
    return "accepted";
  } catch (const Lost& lost) {
    return lost.what();
  }
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("every kind of value, in pieces of every size") {
  const std::string octets(
      "+OK\r\n-ODD word\r\n:-42\r\n$5\r\na\0\r\nb\r\n$-1\r\n*-1\r\n*0\r\n*3\r\n:1\r\n*2\r\n$1\r\nx\r\n$0\r\n\r\n+s\r\n",
      76);
  for (std::size_t piece = 1; piece <= octets.size(); ++piece) {
    const auto values = decode(octets, piece);
    REQUIRE(values.size() == 8);
    CHECK(values[0].kind() == Reply::Kind::status);
    CHECK(values[0].text() == "OK");
    CHECK(values[1].is_error());
    CHECK(values[1].text() == "ODD word");
    CHECK(values[2].integer() == -42);
    CHECK(values[3].text() == std::string_view("a\0\r\nb", 5));
    CHECK(values[4].is_nil());
    CHECK(values[5].is_nil());
    CHECK(values[6].kind() == Reply::Kind::array);
    CHECK(values[6].size() == 0);
    CHECK(values[7].size() == 3);
    CHECK(values[7][1][0].text() == "x");
    CHECK(values[7][1][1].kind() == Reply::Kind::text);
    CHECK(values[7][2].text() == "s");
    CHECK(values[7][3].is_nil());
  }
}

TEST_CASE("a value that is asked for what it is not gives nothing") {
  const auto values = decode(":7\r\n+word\r\n");
  CHECK(values[0].text().empty());
  CHECK(values[0].size() == 0);
  CHECK(values[0][0].is_nil());
  CHECK(values[1].integer() == 0);
  CHECK(Reply().is_nil());
  CHECK(Reply()[5].text().empty());
}

TEST_CASE("a peer cannot make us hold more than the limits, nor wait for it") {
  CHECK(holds(refused("*1\r\n*1\r\n*1\r\n*1\r\n"), "nested too deep"));
  CHECK(refused("*1\r\n*1\r\n*1\r\n:1\r\n") == "accepted");
  CHECK(holds(refused("*101\r\n"), "too many values"));
  CHECK(holds(refused("*2147483647\r\n"), "too many values"));
  CHECK(holds(refused("*60\r\n*60\r\n"), "too many values"));
  CHECK(holds(refused("$1001\r\n"), "1001 octets"));
  CHECK(refused("$99999999999999999999999999999999999999\r\n") != "accepted");
  CHECK(refused("$1000\r\n") == "accepted");
  CHECK(holds(refused("+" + std::string(70'000, 'x'), Limits{}), "line"));
  std::string much;
  for (int i = 0; i < 10; ++i) much += "$600\r\n" + std::string(600, 'x') + "\r\n";
  CHECK(holds(refused(much), "more than 5000"));
}

TEST_CASE("limits count anew with each flush") {
  Decoder decoder(kSmall);
  for (int i = 0; i < 100; ++i) {
    Values values;
    decoder.begin(values);
    decoder.feed("$600\r\n" + std::string(600, 'x') + "\r\n");
    REQUIRE(decoder.next());
    REQUIRE(decoder.left() == 0);
  }
}

TEST_CASE("what is not the protocol is refused") {
  CHECK(holds(refused("HTTP/1.1 200 OK\r\n"), "broke the protocol"));
  CHECK(holds(refused("%1\r\n+a\r\n+b\r\n"), "broke the protocol"));
  CHECK(holds(refused(":99999999999999999999\r\n"), "broke the protocol"));
  CHECK(holds(refused("$abc\r\n"), "broke the protocol"));
}

TEST_CASE("garbage is refused or waited for, and never more than it holds is kept") {
  std::mt19937_64 random(11);
  const std::string alphabet = "*$+-:0123456789\r\n\r\n\r\nax%";
  int decided = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string octets;
    for (int i = 0; i < 40; ++i) octets += alphabet[random() % alphabet.size()];
    decided += refused(octets) == "accepted" ? 1 : 2;
  }
  CHECK(decided > 20'000);
}

}  // namespace
}  // namespace penstock::redis
