// Asks sentinels where the master is.
#pragma once

#include <memory>

#include "connection.hpp"

namespace penstock::redis {

// Connects to the master that the sentinels name, asked in turn until one names a server that can be reached and is a
// master; each may take its share of the time left. Throws Failure: of the last one asked.
std::unique_ptr<Connection> connect_by_sentinels(const Setup& setup, Deadline deadline, int wake);

}  // namespace penstock::redis
