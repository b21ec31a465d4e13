// Whether what is kept on the servers agrees with itself.
#pragma once

#include <penstock/plugin/backend.hpp>

#include "server.hpp"

namespace penstock::redis {

// Reads all keys of this prefix, some hundred elements at a time (lua/audit.lua), beside whatever else goes on. Each
// call to a server has the time of one call. May throw (out of memory).
Result<Audited> audit(Server&, std::uint32_t at_most);

}  // namespace penstock::redis
