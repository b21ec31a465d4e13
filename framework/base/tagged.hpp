// The shape of records that outlive a program: fields of (tag, length, octets), with tags and lengths
// as varints (LEB128). A reader passes over tags that it does not know.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::base {

inline void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

inline void put_field(std::string& out, std::uint32_t tag, std::string_view octets) {
  put_varint(out, tag);
  put_varint(out, octets.size());
  out += octets;
}

inline void put_number(std::string& out, std::uint32_t tag, std::uint64_t value) {
  std::string octets;
  put_varint(octets, value);
  put_field(out, tag, octets);
}

// Takes a varint off the front of `in`; false when there is none, or it does not fit.
inline bool take_varint(std::string_view& in, std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (in.empty()) return false;
    auto octet = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    if (shift == 63 && octet > 1) return false;
    value |= std::uint64_t{octet & 0x7fu} << shift;
    if (octet < 0x80) return true;
  }
  return false;
}

// Calls `field(tag, octets)` for each field, until it answers false; false then, and when the text is
// cut or malformed.
template <class F>
bool each_field(std::string_view in, F&& field) {
  while (!in.empty()) {
    std::uint64_t tag = 0, size = 0;
    if (!take_varint(in, tag) || !take_varint(in, size) || size > in.size()) return false;
    if (!field(tag, in.substr(0, static_cast<std::size_t>(size)))) return false;
    in.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

// The octets of a field as the one number that they must be.
inline bool take_number(std::string_view octets, std::uint64_t& value) {
  return take_varint(octets, value) && octets.empty();
}

}  // namespace penstock::base
