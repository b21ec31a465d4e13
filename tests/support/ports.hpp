// Ports of the loopback interface that nobody uses.
#pragma once

#include <cstdint>

namespace penstock::testing {

// Free a moment ago, and given out once by this process. Another process may take it: try again then.
std::uint16_t free_port();

}  // namespace penstock::testing
