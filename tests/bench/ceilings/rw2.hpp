// What SQLite allows two connections on one file: one adds jobs, the other leases and ends them.
#pragma once

#include <string>

#include "bench/lib/series.hpp"

namespace penstock::bench {

// Jobs per second of a whole life, kBulk in a transaction, NORMAL.
Series rw2(std::size_t count, const std::string& body);

}  // namespace penstock::bench
