// Harnesses for the backends that the test program finds: linked in, or as modules.
#pragma once

#include <string>
#include <vector>

#include <penstock/conformance/backend.hpp>

namespace penstock::conformance {

// "memory", "sqlite-power", ...: what there is.
std::vector<std::string> available();

// Throws std::invalid_argument for an unknown name, and for a backend that is not there. What the harness needs lives
// as long as its copies.
Harness harness_for(const std::string& name);

}  // namespace penstock::conformance
