// The wire format octet by octet; real_protobuf.cpp compares it with the protobuf library.
#include <catch2/catch.hpp>

#include "sample.hpp"

using namespace sample;
using namespace std::string_literals;

namespace {

struct Probe {
  std::int64_t number = 0;
  std::string text;
  std::vector<std::int64_t> list;
  double real = 0;
  Point at;
};

std::string error_of(const std::string& bytes) {
  Probe out;
  return read(*open_codec("protobuf"), bytes, out);
}

}  // namespace

template <>
inline constexpr auto penstock::fields<Probe> = std::tuple{
    penstock::field{"number", &Probe::number}, penstock::field{"text", &Probe::text},
    penstock::field{"list", &Probe::list}, penstock::field{"real", &Probe::real}, penstock::field{"at", &Probe::at}};

TEST_CASE("protobuf: what is written") {
  Probe p{.number = 300, .text = "hi", .list = {1, 128}, .real = 1, .at = {}};
  CHECK(written(*open_codec("protobuf"), p) == "\x08\xac\x02"s + "\x12\x02hi" + "\x1a\x03\x01\x80\x01"s +
                                                   "\x21\0\0\0\0\0\0\xf0\x3f"s + "\x2a\x0b\x08\0\x11\0\0\0\0\0\0\0\0"s);
}

TEST_CASE("protobuf: lists are read packed, one by one, and in pieces") {
  Probe p;
  CHECK(read(*open_codec("protobuf"), "\x18\x05\x1a\x02\x06\x07\x18\x08"s, p) == "");
  CHECK(p.list == std::vector<std::int64_t>{5, 6, 7, 8});
}

TEST_CASE("protobuf: unknown fields of every wire type are passed over") {
  Probe p;
  CHECK(read(*open_codec("protobuf"), "\x78\x05\x7a\x02xx\x79\1\2\3\4\5\6\7\x08\x7d\1\2\3\4\x08\x07"s, p) == "");
  CHECK(p.number == 7);
}

TEST_CASE("protobuf: malformed input is refused") {
  CHECK(error_of("\x08"s) == "#1: the value is cut off, or its varint is over 64 bits");
  CHECK_THAT(error_of("\x08"s + std::string(10, '\x80') + "\x01"), Catch::StartsWith("#1: the value is cut off"));
  CHECK_THAT(error_of("\x08"s + std::string(9, '\xff') + "\x02"), Catch::StartsWith("#1: the value is cut off"));
  CHECK_THAT(error_of("\x12\x05hi"s), Catch::StartsWith("#2: the value is cut off"));
  CHECK_THAT(error_of("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01hi"s), Catch::StartsWith("#2: the value is cut"));
  CHECK(error_of("\0\1"s) == "payload: a field's tag is malformed");
  CHECK(error_of("\x80\x80\x80\x80\x10\x01"s) == "payload: a field's tag is malformed");
  CHECK_THAT(error_of("\x0b\x0c"s), Catch::StartsWith("#1: wire type 3 is not supported"));
  CHECK_THAT(error_of("\x0e"s), Catch::StartsWith("#1: wire type 6 is not supported"));
  CHECK(error_of("\x0a\x01x"s) == "#1: expected an integer, got bytes");
  CHECK(error_of("\x10\x01"s) == "#2: expected a text, got a varint");
  CHECK(error_of("\x12\x01\xff"s) == "#2: the text is not valid UTF-8");
  CHECK(error_of("\x25\1\2\3\4"s) == "#4: expected a 64-bit number, got a 32-bit number");
  CHECK(error_of("\x2a\x02\x10\x01"s) == "#5.#2: expected a 64-bit number, got a varint");
  CHECK_THAT(error_of("\x1a\x02\x01\x80"s), Catch::StartsWith("#3[1]: a packed list is empty, is cut off"));
  CHECK_THAT(error_of("\x1a\0"s), Catch::StartsWith("#3[0]: a packed list is empty"));
  CHECK(error_of("") == "");
}

TEST_CASE("protobuf: depth is refused before it costs anything") {
  std::string deep;
  for (int i = 0; i < 100; ++i) {
    std::string length;
    for (std::size_t n = deep.size(); length.empty() || n > 0; n >>= 7) {
      length += static_cast<char>((n & 0x7f) | (n >= 0x80 ? 0x80 : 0));
    }
    deep = "\x0a" + length + deep;
  }
  Tree tree;
  CHECK_THAT(read(*open_codec("protobuf"), deep, tree), Catch::EndsWith("nested deeper than 64"));
}
