// The protobuf wire format: varints, fixed 64-bit numbers, and length-delimited bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::protobuf {

static_assert(std::endian::native == std::endian::little, "fixed64 is copied as it stands");

enum class Wire : std::uint8_t { varint = 0, fixed64 = 1, delimited = 2, fixed32 = 5 };

// Writes `value` into `to`, which has room for 10 bytes. Returns how many it took.
inline std::size_t put_varint(char* to, std::uint64_t value) {
  std::size_t n = 0;
  for (; value >= 0x80; value >>= 7) to[n++] = static_cast<char>(value | 0x80);
  to[n++] = static_cast<char>(value);
  return n;
}

inline void append_varint(std::string& out, std::uint64_t value) {
  char buffer[10];
  out.append(buffer, put_varint(buffer, value));
}

inline void append_tag(std::string& out, std::uint32_t number, Wire wire) {
  append_varint(out, std::uint64_t{number} << 3 | static_cast<std::uint64_t>(wire));
}

inline void append_fixed64(std::string& out, double value) {
  char buffer[8];
  std::memcpy(buffer, &value, sizeof buffer);
  out.append(buffer, sizeof buffer);
}

// Take a value off the front of `in`; nothing when it is cut off or, for a varint, over 64 bits.
inline std::optional<std::uint64_t> take_varint(std::string_view& in) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < in.size() && i < 10; ++i) {
    auto octet = static_cast<unsigned char>(in[i]);
    if (i == 9 && octet > 1) return std::nullopt;
    value |= std::uint64_t{octet & 0x7Fu} << (7 * i);
    if (octet < 0x80) {
      in.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

inline std::optional<std::string_view> take(std::string_view& in, std::uint64_t size) {
  if (size > in.size()) return std::nullopt;
  std::string_view out = in.substr(0, size);
  in.remove_prefix(size);
  return out;
}

inline std::optional<std::uint64_t> take_fixed64(std::string_view& in) {
  std::optional<std::string_view> octets = take(in, 8);
  if (!octets) return std::nullopt;
  std::uint64_t value = 0;
  std::memcpy(&value, octets->data(), 8);
  return value;
}

}  // namespace penstock::protobuf
