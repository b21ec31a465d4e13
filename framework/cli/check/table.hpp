// What a backend gives, as a Markdown table for its page.
#pragma once

#include <string>
#include <string_view>

#include <penstock/conformance/backend.hpp>

namespace penstock::cli {

// A text of a module's, as it can stand in a table.
std::string cell(std::string_view text);

// In a child process: opens the backend. `report` is what the kit said of it: what is claimed and broken is
// shown so.
std::string capability_table(const conformance::Harness& harness, const conformance::Report& report);

}  // namespace penstock::cli
