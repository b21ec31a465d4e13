// Is this text well-formed UTF-8?
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace penstock::codec_support {

// As Unicode has it (table 3-7 of the standard): no overlong forms, no surrogates, nothing past U+10FFFF.
inline bool valid_utf8(std::string_view text) noexcept {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = p + text.size();
  while (p != end) {
    for (std::uint64_t eight; end - p >= 8; p += 8) {
      std::memcpy(&eight, p, 8);
      if (eight & 0x8080808080808080u) break;
    }
    if (p == end) return true;
    unsigned char lead = *p++;
    if (lead < 0x80) continue;
    unsigned char low = 0x80, high = 0xBF;  // of the first continuation byte
    std::size_t more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    if (lead < 0xC2 || lead > 0xF4) return false;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
    if (static_cast<std::size_t>(end - p) < more) return false;
    for (; more > 0; --more, ++p, low = 0x80, high = 0xBF) {
      if (*p < low || *p > high) return false;
    }
  }
  return true;
}

}  // namespace penstock::codec_support
