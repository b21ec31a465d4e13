#include "failure.hpp"

#include <algorithm>
#include <array>

namespace penstock::redis {
namespace {

template <std::size_t N>
constexpr bool among(const std::array<std::string_view, N>& codes, std::string_view code) noexcept {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

// States of a server that pass, in which it refuses a command before it does anything.
constexpr std::array<std::string_view, 10> kPassing{"READONLY", "LOADING",    "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN",
                                                    "BUSY",     "NOREPLICAS", "MISCONF",    "MOVED",       "ASK"};
constexpr std::array<std::string_view, 4> kPermission{"NOAUTH", "WRONGPASS", "NOPERM", "DENIED"};

std::string_view first_word(std::string_view text) noexcept { return text.substr(0, text.find(' ')); }

Errc meaning(std::string_view code) noexcept {
  if (among(kPassing, code)) return Errc::unavailable;
  if (among(kPermission, code)) return Errc::permission;
  return code == "OOM" ? Errc::resource_exhausted : Errc::internal;
}

}  // namespace

std::string_view error_code(std::string_view text) noexcept {
  const std::string_view first = first_word(text);
  const std::size_t inner = first == "ERR" ? text.find(": -") : std::string_view::npos;
  return inner == std::string_view::npos ? first : first_word(text.substr(inner + 3));
}

Error server_error(std::string_view text) {
  const bool in_script = text.find("The user executing the script can't") != std::string_view::npos ||
                         text.find("ACL failure in script") != std::string_view::npos;  // from 7.2 on
  const Errc code = in_script ? Errc::permission : meaning(error_code(text));
  return Error{code, "redis: " + std::string(text), code == Errc::unavailable || code == Errc::resource_exhausted};
}

}  // namespace penstock::redis
