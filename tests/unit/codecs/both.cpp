// What holds for every value codec: round trips, tolerance of change, and safety from any input.
#include <catch2/catch.hpp>

#include "sample.hpp"
#include "support/rounds.hpp"

using namespace sample;

namespace {

struct Old {
  std::int64_t kept = 1;
  std::string gone = "x";
  std::vector<Point> list;
};
struct New {
  std::int64_t kept = 0;
  std::string added = "default";
  std::vector<Point> list;
  std::array<int, 2> pair{1, 2};
};

// Shows what no described struct can show.
struct Odd final : penstock::Encodable {
  int what = 0;
  void write(penstock::FieldWriter& w) const override {
    if (what == 0) return;          // nothing at all
    if (what == 1) return w.end();  // an end too many
    w.begin_object();
    if (what == 2) return;                     // not ended
    if (what == 3) return w.integer(1);        // no field
    if (what == 4) w.end(), w.begin_object();  // twice
    if (what == 5) throw std::runtime_error("thrown by the value");
    if (what == 6) {
      for (int i = 0; i < 65; ++i) w.field({1, "a"}), w.begin_object();
    }
    w.end();
  }
};

Tree chain(int depth) {
  Tree out;
  for (int i = 1; i < depth; ++i) {
    Tree above;
    above.branches.push_back(std::move(out));
    out = std::move(above);
  }
  return out;
}

}  // namespace

template <>
inline constexpr auto penstock::fields<Old> = std::tuple{
    penstock::field{"kept", &Old::kept}, penstock::field{"gone", &Old::gone}, penstock::field{"list", &Old::list}};
template <>
inline constexpr auto penstock::fields<New> =
    std::tuple{penstock::field{"kept", &New::kept}, penstock::field{"added", &New::added, 9},
               penstock::field{"list", &New::list}, penstock::field{"pair", &New::pair}};

TEST_CASE("random values come back equal") {
  auto codec = open_codec(GENERATE("json", "protobuf"));
  Random random(1);
  for (int i = 0; i < rounds(10'000); ++i) {
    All before = random.all(), after;
    std::string bytes = written(*codec, before);
    std::string error = read(*codec, bytes, after);
    if (!error.empty() || !(before == after)) FAIL(codec->name() << " value " << i << ": " << error << "\n" << bytes);
  }
  SUCCEED();
}

TEST_CASE("bytes of every value come back, also what is not UTF-8") {
  auto codec = open_codec(GENERATE("json", "protobuf"));
  Random random(2, 300);
  for (int i = 0; i < 10'000; ++i) {
    auto before = random.bytes<std::vector<std::byte>>();
    decltype(before) after;
    std::string error = read(*codec, written(*codec, before), after);
    if (!error.empty() || before != after) FAIL(codec->name() << " value " << i << ": " << error);
  }
  SUCCEED();
}

TEST_CASE("any truncation or changed byte gives a value or an error") {
  auto codec = open_codec(GENERATE("json", "protobuf"));
  std::size_t refused = 0, taken = 0;
  auto attempt = [&](std::string_view bytes) {
    std::string exact(bytes);
    exact.shrink_to_fit();
    All value;
    read(*codec, exact, value).empty() ? ++taken : ++refused;
  };
  for (int seed = 0; seed < rounds(50); ++seed) {
    std::string bytes = written(*codec, Random(static_cast<std::uint64_t>(seed), 3).all());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      attempt(std::string_view(bytes).substr(0, i));
      char original = bytes[i];
      for (int change : {0x01, 0x08, 0x20, 0x80, 0xFF}) {
        bytes[i] = static_cast<char>(original ^ change);
        attempt(bytes);
      }
      bytes[i] = original;
    }
  }
  CHECK(refused > 1000);
  CHECK(taken > 1000);
}

TEST_CASE("random octets give a value or an error") {
  auto codec = open_codec(GENERATE("json", "protobuf"));
  Random random(3, 40);
  std::size_t refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    All value;
    refused += !read(*codec, random.octets(), value).empty();
  }
  CHECK(refused > 0);
}

TEST_CASE("unknown fields are passed over, missing ones keep their default") {
  auto codec = open_codec(GENERATE("json", "protobuf"));
  New after;
  CHECK(read(*codec, written(*codec, Old{42, "gone", {{1, 2}, {3, 4}}}), after) == "");
  CHECK(after.kept == 42);
  CHECK(after.added == "default");
  CHECK(after.list == std::vector<Point>{{1, 2}, {3, 4}});
  CHECK(after.pair == std::array{1, 2});
}

TEST_CASE("integers are checked against the width of the member") {
  auto codec = open_codec(GENERATE("json", "protobuf"));
  std::int8_t narrow = 0;
  std::string error = read(*codec, written(*codec, std::int64_t{-129}), narrow);
  CHECK_THAT(error, Catch::EndsWith(": -129 is out of range, from -128 to 127"));
  std::uint32_t natural = 0;
  CHECK_THAT(read(*codec, written(*codec, std::uint64_t{1} << 32), natural), Catch::Contains("4294967296 is out of"));
  float single = 0;
  CHECK_THAT(read(*codec, written(*codec, 1e300), single), Catch::Contains("out of the range of a float"));
}

TEST_CASE("arrays must have all their items") {
  auto codec = open_codec(GENERATE("json", "protobuf"));
  std::array<int, 3> three{};
  CHECK(read(*codec, written(*codec, std::vector{7, 8, 9}), three) == "");
  CHECK(three == std::array{7, 8, 9});
  CHECK_THAT(read(*codec, written(*codec, std::vector{7, 8}), three), Catch::Contains("value has 3 items, not 2"));
  CHECK_THAT(read(*codec, written(*codec, std::vector{7, 8, 9, 10}), three), Catch::Contains("expected 3 items"));
  std::array<std::byte, 2> two{};
  CHECK_THAT(read(*codec, written(*codec, std::vector<std::byte>(3)), two), Catch::Contains("expected 2 bytes, got 3"));
}

TEST_CASE("text must be UTF-8") {
  auto codec = open_codec(GENERATE("json", "protobuf"));
  for (const char* bad : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "12345678\xe2\x82", "\x80"}) {
    std::string out = "before";
    Old old{1, bad, {}};
    penstock::Result<void> done = codec->encode(penstock::describe(old), out);
    REQUIRE(!done);
    CHECK(done.error().code == penstock::Errc::invalid);
    CHECK(done.error().message == "gone: the text is not valid UTF-8");
    CHECK(out == "before");
  }
}

TEST_CASE("nesting is limited to 64, both ways") {
  auto codec = open_codec(GENERATE("json", "protobuf"));
  Tree back;
  CHECK(read(*codec, written(*codec, chain(32)), back) == "");  // 32 objects and lists each
  std::string out;
  Tree deep = chain(33);
  CHECK(!codec->encode(penstock::describe(deep), out));
  CHECK(out.empty());
}

TEST_CASE("a value that shows itself wrongly is an error, not an end") {
  auto codec = open_codec(GENERATE("json", "protobuf"));
  for (int what = 0; what <= 6; ++what) {
    Odd odd;
    odd.what = what;
    std::string out = "before";
    INFO(codec->name() << " " << what);
    CHECK(!codec->encode(odd, out));
    CHECK(out == "before");
  }
}
