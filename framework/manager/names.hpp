// Names that come from outside, at every door of the manager.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <penstock/error.hpp>
#include <penstock/plugin/names.hpp>

#include "config/text.hpp"

namespace penstock::impl {

// What is wrong with the name, if anything is. `what`: "a queue name".
inline std::optional<Error> wrong_name(const char* what, std::string_view name) {
  if (valid_name(name)) return std::nullopt;
  return Error{Errc::invalid, config::quoted(name) + " is not " + what + ": [A-Za-z0-9._-]{1,128}"};
}

inline void require_name(const char* what, std::string_view name) {
  if (auto error = wrong_name(what, name)) throw Exception(std::move(*error));
}

}  // namespace penstock::impl
