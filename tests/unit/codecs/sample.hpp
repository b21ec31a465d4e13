// A struct with a field of every sort, random values of it, and the codecs under test.
#pragma once

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include <penstock/fields.hpp>
#include <penstock/plugin/plugin.hpp>

#include "support/open_plugin.hpp"

extern "C" const penstock::PluginDescriptor* penstock_plugin_0_json() noexcept;
extern "C" const penstock::PluginDescriptor* penstock_plugin_0_protobuf() noexcept;

namespace sample {

enum class Color : std::int32_t { red, green = 7, blue = -3 };

struct Point {
  std::int32_t x = 0;
  double y = 0;
  bool operator==(const Point&) const = default;
};

struct All {
  bool flag = false;
  std::int8_t i8 = 0;
  std::int16_t i16 = 0;
  std::int32_t i32 = 5;  // a default that is not zero
  std::int64_t i64 = 0;
  std::uint8_t u8 = 0;
  std::uint16_t u16 = 0;
  std::uint32_t u32 = 0;
  std::uint64_t u64 = 0;
  float single = 0;
  double real = 0;
  Color color = Color::red;
  std::string text;
  std::vector<std::byte> bytes;
  std::vector<unsigned char> raw;
  std::array<unsigned char, 4> hash{};
  std::chrono::milliseconds delay{};
  std::optional<std::string> note;
  std::optional<std::int64_t> limit = 3;
  std::vector<std::int64_t> ints;
  std::vector<double> reals;
  std::vector<bool> flags;
  std::vector<std::string> words = {"default"};
  std::vector<std::vector<std::byte>> blobs;
  std::vector<Point> points;
  std::array<std::uint32_t, 3> triple{};
  std::map<std::string, std::int64_t> counts;
  std::unordered_map<std::string, Point> places;
  Point origin;
  bool operator==(const All&) const = default;
};

struct Tree {
  std::vector<Tree> branches;
};

}  // namespace sample

template <>
inline constexpr auto penstock::fields<sample::Point> =
    std::tuple{penstock::field{"x", &sample::Point::x}, penstock::field{"y", &sample::Point::y}};

template <>
inline constexpr auto penstock::fields<sample::Tree> = std::tuple{penstock::field{"branches", &sample::Tree::branches}};

template <>
inline constexpr auto penstock::fields<sample::All> = std::tuple{
    penstock::field{"flag", &sample::All::flag},         penstock::field{"i8", &sample::All::i8},
    penstock::field{"i16", &sample::All::i16},           penstock::field{"i32", &sample::All::i32},
    penstock::field{"i64", &sample::All::i64},           penstock::field{"u8", &sample::All::u8},
    penstock::field{"u16", &sample::All::u16},           penstock::field{"u32", &sample::All::u32},
    penstock::field{"u64", &sample::All::u64},           penstock::field{"single", &sample::All::single},
    penstock::field{"real", &sample::All::real},         penstock::field{"color", &sample::All::color},
    penstock::field{"text", &sample::All::text},         penstock::field{"bytes", &sample::All::bytes},
    penstock::field{"raw", &sample::All::raw},           penstock::field{"hash", &sample::All::hash},
    penstock::field{"delay", &sample::All::delay},       penstock::field{"note", &sample::All::note},
    penstock::field{"limit", &sample::All::limit},       penstock::field{"ints", &sample::All::ints},
    penstock::field{"reals", &sample::All::reals},       penstock::field{"flags", &sample::All::flags},
    penstock::field{"words", &sample::All::words},       penstock::field{"blobs", &sample::All::blobs},
    penstock::field{"points", &sample::All::points},     penstock::field{"triple", &sample::All::triple},
    penstock::field{"counts", &sample::All::counts},     penstock::field{"places", &sample::All::places},
    penstock::field{"origin", &sample::All::origin, 40},
};

namespace sample {

// Random values with a taste for edges: extremes, zero, control characters, empty.
class Random {
 public:
  explicit Random(std::uint64_t seed, std::size_t most = 6) : engine_(seed), most_(most) {}

  std::uint64_t below(std::uint64_t n) { return engine_() % n; }

  template <class T>
  T whole() {
    switch (below(4)) {
      case 0:
        return std::numeric_limits<T>::max();
      case 1:
        return std::numeric_limits<T>::min();
      case 2:
        return 0;
      default:
        return static_cast<T>(engine_() >> below(64));
    }
  }
  double real() {
    if (below(4) == 0) return std::array{0.0, -0.0, 1e308, 5e-324, 0.1}[below(5)];
    double d = 0;
    do {
      std::uint64_t bits = engine_();
      std::memcpy(&d, &bits, sizeof d);
    } while (!std::isfinite(d));
    return d;
  }
  std::string octets() {
    std::string out;
    for (std::size_t n = below(most_ + 1); n > 0; --n) out += static_cast<char>(below(256));
    return out;
  }
  std::string text() {
    static constexpr const char* kPieces[] = {"a",    "\r\n",   "\"",           "\\",           "\x01",
                                              "\x7f", "/",      "\xc3\xa9",     "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                              "{}",   "$3\r\n", "\xef\xbf\xbf", "\xed\x9f\xbf"};
    std::string out;
    for (std::size_t n = below(most_ + 1); n > 0; --n) {
      std::size_t which = below(std::size(kPieces) + 1);
      which == std::size(kPieces) ? out.push_back('\0') : void(out += kPieces[which]);
    }
    return out;
  }
  template <class Octets>
  Octets bytes() {
    Octets out;
    for (char c : octets()) out.push_back(static_cast<typename Octets::value_type>(static_cast<unsigned char>(c)));
    return out;
  }
  Point point() { return {whole<std::int32_t>(), real()}; }
  template <class F>
  auto list(F make) {
    std::vector<decltype(make())> out;
    for (std::size_t n = below(most_); n > 0; --n) out.push_back(make());
    return out;
  }

  All all() {
    All a;
    a.flag = below(2) != 0;
    a.i8 = whole<std::int8_t>(), a.i16 = whole<std::int16_t>();
    a.i32 = whole<std::int32_t>(), a.i64 = whole<std::int64_t>();
    a.u8 = whole<std::uint8_t>(), a.u16 = whole<std::uint16_t>();
    a.u32 = whole<std::uint32_t>(), a.u64 = whole<std::uint64_t>();
    a.single = static_cast<float>(whole<std::int32_t>()) / 3, a.real = real();
    a.color = std::array{Color::red, Color::green, Color::blue}[below(3)];
    a.text = text();
    a.bytes = bytes<std::vector<std::byte>>(), a.raw = bytes<std::vector<unsigned char>>();
    for (auto& octet : a.hash) octet = static_cast<unsigned char>(below(256));
    a.delay = std::chrono::milliseconds(whole<std::int64_t>());
    if (below(2)) a.note = text();
    a.limit = below(2) ? std::optional(whole<std::int64_t>()) : std::nullopt;
    a.ints = list([&] { return whole<std::int64_t>(); });
    a.reals = list([&] { return real(); });
    a.flags = list([&] { return below(2) != 0; });
    a.words = list([&] { return text(); });
    a.blobs = list([&] { return bytes<std::vector<std::byte>>(); });
    a.points = list([&] { return point(); });
    for (auto& n : a.triple) n = whole<std::uint32_t>();
    for (const std::string& key : list([&] { return text(); })) a.counts[key] = whole<std::int64_t>();
    for (const std::string& key : list([&] { return text(); })) a.places[key] = point();
    a.origin = point();
    return a;
  }

 private:
  std::mt19937_64 engine_;
  std::size_t most_;
};

inline std::unique_ptr<penstock::ValueCodec> open_codec(const std::string& name) {
  static penstock::testing::TestHost host;
  auto entry = name == "json" ? penstock_plugin_0_json : penstock_plugin_0_protobuf;
  return penstock::testing::open_component<penstock::ValueCodec>(entry, name, host);
}

// The error's message, or empty.
template <class T>
std::string read(penstock::ValueCodec& codec, std::string_view bytes, T& value) {
  penstock::describe into(value);
  penstock::Result<void> done = codec.decode(bytes, into);
  return done ? "" : done.error().message;
}

template <class T>
std::string written(penstock::ValueCodec& codec, const T& value) {
  std::string out;
  penstock::Result<void> done = codec.encode(penstock::describe(value), out);
  if (!done) throw std::runtime_error(done.error().message);
  return out;
}

}  // namespace sample
