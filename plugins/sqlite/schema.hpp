// The tables, and how a file gets them.
#pragma once

#include <string_view>

#include "clock.hpp"
#include "connection.hpp"

namespace penstock::sqlite {

inline constexpr std::int64_t kApplicationId = 0x506e7374;  // "Pnst"
inline constexpr std::int64_t kSchemaVersion = 1;

// Brings the file to the current schema, in one transaction, or throws a Failure: the file is another
// application's, of a newer Penstock, or damaged.
void prepare_schema(Connection& db, const Options& options);

// After another boot of the machine, whose clock has gone with it: leases lapse, buckets of tokens start
// empty, and holds go on for as long as they would have by the wall clock.
void adopt_boot(Connection& db, std::string_view boot_id, const Clock& clock);

// The number of this boot of the machine; empty when the system does not tell.
std::string boot_id();

}  // namespace penstock::sqlite
