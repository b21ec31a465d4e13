// Which program this is: for records that outlive it, and are asked later who wrote them.
#pragma once

#include <string>

namespace penstock::base {

// The GNU build id of the main program, as hex digits; where it has none, "penstock-" and the version.
std::string build_id();

const char* version() noexcept;  // of Penstock: "0.1.0"

}  // namespace penstock::base
