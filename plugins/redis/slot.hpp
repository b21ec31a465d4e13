// Which of a cluster's 16384 hash slots a key is in.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace penstock::redis {

inline constexpr std::size_t kSlots = 16384;

namespace detail {

constexpr std::array<std::uint16_t, 256> crc16_table() noexcept {
  std::array<std::uint16_t, 256> table{};
  for (unsigned i = 0; i < 256; ++i) {
    unsigned crc = i << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
    table[i] = static_cast<std::uint16_t>(crc);
  }
  return table;
}

inline constexpr std::array<std::uint16_t, 256> kCrc16 = crc16_table();

}  // namespace detail

// CRC-16/XMODEM.
constexpr std::uint16_t crc16(std::string_view octets) noexcept {
  unsigned crc = 0;
  for (char c : octets) crc = (crc << 8 & 0xffff) ^ detail::kCrc16[(crc >> 8 ^ static_cast<unsigned char>(c)) & 0xff];
  return static_cast<std::uint16_t>(crc);
}

// Of the octets between the first '{' and the next '}' when there are any, else of the whole key.
constexpr std::uint16_t slot_of(std::string_view key) noexcept {
  const std::size_t open = key.find('{');
  if (open != std::string_view::npos) {
    const std::size_t close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
  }
  return crc16(key) % kSlots;
}

}  // namespace penstock::redis
