// What a backend gives, as a Markdown table for its page.
#pragma once

#include <string>

#include <penstock/conformance/backend.hpp>

namespace penstock::cli {

// In a child process: opens the backend. `report` is what the kit said of it: what is claimed and broken is
// shown so.
std::string capability_table(const conformance::Harness& harness, const conformance::Report& report);

}  // namespace penstock::cli
