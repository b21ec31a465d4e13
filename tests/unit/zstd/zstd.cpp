// The example codec on bytes from anywhere: what it did not make is refused, and nothing is allocated on its word.
#include <catch2/catch.hpp>
#include <random>
#include <string>

#include <penstock/plugin/codec.hpp>

#include "support/open_plugin.hpp"
#include "support/rounds.hpp"

extern "C" const penstock::PluginDescriptor* PENSTOCK_PLUGIN_SYMBOL(zstd)() noexcept;

using namespace penstock;

namespace {

struct Zstd {
  testing::TestHost host;
  std::unique_ptr<TransformCodec> codec =
      testing::open_component<TransformCodec>(PENSTOCK_PLUGIN_SYMBOL(zstd), "zstd", host);

  std::string apply(std::string_view bytes) { return codec->apply(bytes).value(); }
  // What undo says is wrong; empty: nothing.
  std::string why(std::string_view bytes, std::uint64_t at_most = 1 << 20) {
    auto undone = codec->undo(bytes, at_most);
    return undone ? "" : undone.error().message;
  }
};

std::string random_octets(std::size_t size, std::uint_fast32_t seed) {
  std::mt19937 random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

}  // namespace

TEST_CASE("what was compressed comes back, of any size up to the limit and of any octets") {
  Zstd zstd;
  CHECK(query<Transform>(*zstd.codec) == static_cast<Transform*>(zstd.codec.get()));
  for (std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{1000}, std::size_t{200'000}, std::size_t{1 << 20}}) {
    for (const std::string& bytes : {std::string(size, 'a'), random_octets(size, 1)}) {
      const std::string packed = zstd.apply(bytes);
      CHECK(packed == zstd.apply(bytes));
      CHECK(packed.size() < size + size / 100 + 100);
      CHECK(zstd.codec->undo(packed, size).value() == bytes);
      if (size > 0) {
        CHECK(zstd.why(packed, size - 1) ==
              "more than " + std::to_string(size - 1) + " octets come out of " + std::to_string(packed.size()));
        CHECK(zstd.codec->undo(packed, size - 1).error().code == Errc::resource_exhausted);
      }
    }
  }
}

TEST_CASE("a small frame of many octets costs no more than the limit") {
  Zstd zstd;
  const std::string bomb = zstd.apply(std::string(64 << 20, '\0'));
  CHECK(bomb.size() < 10'000);
  CHECK(zstd.why(bomb, 1000) == "more than 1000 octets come out of " + std::to_string(bomb.size()));
  // A terabyte, says the header, and holds "abc".
  std::string liar = "\x28\xb5\x2f\xfd\xc0\x58";
  liar += std::string("\0\0\0\0\0\1\0\0", 8);
  liar += std::string("\x19\0\0abc", 6);
  CHECK(zstd.why(liar) == "it is damaged: Data corruption detected");
  liar[5] = '\xf8';  // and wants as much memory to be read
  CHECK(zstd.why(liar) == "it is damaged: Frame requires too much memory for decoding");
}

TEST_CASE("a frame that is cut short anywhere, or followed by anything, is refused") {
  Zstd zstd;
  const std::string packed = zstd.apply("a text that is worth it: " + random_octets(100, 2));
  for (std::size_t size = 0; size < packed.size(); ++size) {
    CAPTURE(size);
    CHECK_THAT(zstd.why(packed.substr(0, size)), Catch::StartsWith("it is damaged: "));
  }
  CHECK(zstd.why(packed) == "");
  CHECK(zstd.why(packed + "x") == "it is damaged: something follows its end");
  CHECK(zstd.why(packed + packed) == "it is damaged: something follows its end");
}

TEST_CASE("random octets, and frames with random damage, do no harm") {
  Zstd zstd;
  std::mt19937 random(3);
  const std::string packed = zstd.apply(std::string(1000, 'a') + random_octets(1000, 4));
  for (int i = 0; i < rounds(20'000); ++i) {
    std::string bytes = i % 2 ? packed : "\x28\xb5\x2f\xfd" + random_octets(random() % 100, random());
    for (int n = 0; n < 3; ++n) bytes[random() % bytes.size()] = static_cast<char>(random());
    auto undone = zstd.codec->undo(bytes, 1 << 16);
    if (undone) {
      CHECK(undone->size() <= 1 << 16);
    } else {
      CHECK_FALSE(undone.error().message.empty());
    }
  }
}
