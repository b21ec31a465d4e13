// Where a process dies at its connections: instead of sending, in the middle of it, after it, or with octets
// that nobody has read. Nothing changes at a server between two of these places, so they meet every state
// that the death of a client can leave.
#pragma once

#include <cstdint>

#include "torture/manager_victim.hpp"

namespace penstock::torture {

// Moments other than unsent, torn, sent and unread are ignored.
void die_at_the_wire(Moment, std::uint64_t at);

}  // namespace penstock::torture
