// Groups errors that are the same but for numbers, ids and quoted values.
#pragma once

#include <cstdint>
#include <string_view>

namespace penstock::base {

// A 64-bit hash (FNV-1a) of kind and message, in which every UUID, every run of digits or hex digits of
// length 8 and up, every number, and whatever stands in quotes counts as one placeholder. Never 0.
std::uint64_t fingerprint(std::string_view kind, std::string_view message) noexcept;

// FNV-1a of the octets.
std::uint64_t hash(std::string_view octets) noexcept;

}  // namespace penstock::base
