// Base64 of RFC 4648, section 4: padded, and strict when reading, so that one value has one text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace penstock::json {

std::string to_base64(std::string_view octets);
std::optional<std::string> from_base64(std::string_view text);

}  // namespace penstock::json
