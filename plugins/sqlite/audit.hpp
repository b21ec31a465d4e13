// Whether the file agrees with itself.
#pragma once

#include <penstock/plugin/backend.hpp>

#include "connection.hpp"

namespace penstock::sqlite {

// Looks at one snapshot of the file, on a connection of its own. Throws Failure.
Audited audit(const Options&, std::uint32_t at_most);

}  // namespace penstock::sqlite
