// Harnesses for the backends linked into the test program.
#pragma once

#include <string>
#include <vector>

#include <penstock/conformance/backend.hpp>

namespace penstock::conformance {

// "memory", "sqlite-power", ...: what was linked in.
std::vector<std::string> linked();

// Throws std::invalid_argument for an unknown name. What the harness needs lives as long as its copies.
Harness harness_for(const std::string& name);

}  // namespace penstock::conformance
