// Values of the seam as people read them in a verdict.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <penstock/plugin/backend.hpp>

namespace penstock::conformance {

std::string text(std::string_view);  // quoted, escaped, cut after 60 octets
inline std::string text(const std::string& s) { return text(std::string_view(s)); }
inline std::string text(const char* s) { return text(std::string_view(s)); }
std::string text(State);
std::string text(Item);
std::string text(Errc);
std::string text(const TaskId&);
std::string text(Millis);
std::string text(Time);
std::string text(const Record&);
std::string text(const Counts&);
std::string text(const Limit&);
std::string text(const GateState&);
inline std::string text(bool b) { return b ? "true" : "false"; }
template <std::integral T>
requires(!std::same_as<T, bool>) std::string text(T n) { return std::to_string(n); }

template <class T>
std::string text(const std::optional<T>& v) {
  return v ? text(*v) : "nothing";
}
template <class T>
std::string text(const std::vector<T>& all) {
  std::string out = "[";
  for (std::size_t i = 0; i < all.size() && i < 20; ++i) out += (i ? ", " : "") + text(all[i]);
  return out + (all.size() > 20 ? ", ...]" : "]");
}

}  // namespace penstock::conformance
