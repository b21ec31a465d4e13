// What the server's access control list must let a user do.
#pragma once

#include <optional>

#include "server.hpp"

namespace penstock::redis {

// One line that names every right the user lacks, as ACL SETUSER has it; nothing: he has them all. Asked at the start,
// so that no script finds out in the middle of its writes.
std::optional<Error> lacking_rights(Server&, Deadline);

}  // namespace penstock::redis
