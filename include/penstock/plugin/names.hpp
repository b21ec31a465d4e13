// The one validator of names: queues and kinds of tasks, wherever they come from.
#pragma once

#include <string_view>

#include <penstock/plugin/abi.hpp>

namespace penstock {
inline namespace PENSTOCK_ABI_NAMESPACE {

inline constexpr std::size_t kMaxName = 128;

// True for [A-Za-z0-9._-]{1,128}, and not "." or "..": such a name is safe as part of a key, a path,
// a metric label and a cluster slot.
constexpr bool valid_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > kMaxName || name == "." || name == "..") return false;
  for (char c : name) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    bool digit = c >= '0' && c <= '9';
    if (!letter && !digit && c != '.' && c != '_' && c != '-') return false;
  }
  return true;
}

}  // namespace PENSTOCK_ABI_NAMESPACE
}  // namespace penstock
