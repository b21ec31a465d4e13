// What calls of leadership.hpp must be like before the store is asked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <penstock/plugin/leadership.hpp>
#include <penstock/plugin/names.hpp>

namespace penstock::shared {

inline std::optional<Error> wrong_leadership(std::string_view name, std::string_view candidate, Millis ttl) {
  if (!valid_name(name)) return Error{Errc::invalid, "not a name to lead: " + std::string(name.substr(0, 200))};
  if (candidate.empty() || candidate.size() > 255)
    return Error{Errc::invalid, "a candidate of " + std::to_string(candidate.size()) + " octets; 1 to 255"};
  if (ttl < Millis(1)) return Error{Errc::invalid, "a term of " + std::to_string(ttl.count()) + " ms; at least 1"};
  return std::nullopt;
}

}  // namespace penstock::shared
