#include <catch2/catch.hpp>

#include <penstock/payload.hpp>

#include "sample.hpp"

using namespace sample;

namespace {

template <class T>
T round_trip(const T& before, penstock::ValueCodec* codec) {
  std::string out = "kept";
  T after{};
  REQUIRE(penstock::Payload<T>::encode(before, codec, out));
  REQUIRE(out.rfind("kept", 0) == 0);
  REQUIRE(penstock::Payload<T>::decode(std::string_view(out).substr(4), codec, after));
  return after;
}

}  // namespace

TEST_CASE("payload: bytes are stored as they are, without a codec") {
  using namespace std::string_literals;
  CHECK(penstock::Payload<std::string>::codec_name(nullptr) == "");
  CHECK(round_trip("\0\xff"s, nullptr) == "\0\xff"s);
  CHECK(round_trip(std::string(), nullptr) == "");
  CHECK(round_trip(std::vector<std::byte>{std::byte{7}}, nullptr).size() == 1);
  CHECK(round_trip(std::vector<unsigned char>{1, 2}, nullptr) == std::vector<unsigned char>{1, 2});
}

TEST_CASE("payload: structs and single values go through the value codec") {
  auto codec = open_codec(GENERATE("json", "protobuf"));
  CHECK(penstock::Payload<Point>::codec_name(codec.get()) == codec->name());
  CHECK(round_trip(Point{1, 2}, codec.get()) == Point{1, 2});
  CHECK(round_trip(-7, codec.get()) == -7);
  CHECK(round_trip(2.5, codec.get()) == 2.5);
  CHECK(round_trip(true, codec.get()));
  CHECK(round_trip(Color::blue, codec.get()) == Color::blue);
  CHECK(round_trip(std::chrono::seconds(3), codec.get()) == std::chrono::seconds(3));
  CHECK(round_trip(std::vector{1, 2, 3}, codec.get()) == std::vector{1, 2, 3});
  CHECK(round_trip(std::vector<std::string>{}, codec.get()).empty());
  CHECK(round_trip(std::map<std::string, Point>{{"a", {1, 2}}}, codec.get()).at("a") == Point{1, 2});
  CHECK(round_trip(std::optional<int>(), codec.get()) == std::nullopt);
}

TEST_CASE("payload: without a codec a struct is refused") {
  std::string out;
  Point point;
  CHECK(!penstock::Payload<Point>::encode(point, nullptr, out));
  CHECK(penstock::Payload<Point>::decode("{}", nullptr, point).error().code == penstock::Errc::unsupported);
}
