// The tables, and how a file gets them.
#pragma once

#include <string_view>

#include "connection.hpp"

namespace penstock::sqlite {

inline constexpr std::int64_t kApplicationId = 0x506e7374;  // "Pnst"
inline constexpr std::int64_t kSchemaVersion = 1;

// Brings the file to the current schema, in one transaction, or throws a Failure: the file is another
// application's, of a newer Penstock, or damaged.
void prepare_schema(Connection& db, const Options& options);

// Lets the leases lapse that were taken under another boot of the machine: their clock has gone.
void lapse_leases(Connection& db, std::string_view boot_id);

// The number of this boot of the machine; empty when the system does not tell.
std::string boot_id();

}  // namespace penstock::sqlite
