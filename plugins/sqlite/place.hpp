// The files beside the path of the config: what must be true of them before SQLite may open one.
#pragma once

#include <cstdint>
#include <string>

#include "connection.hpp"

namespace penstock::sqlite {

// Checks folder and file, and creates an empty file, mode 0600, where there is none. Never opens an
// existing one: closing it would drop the locks that SQLite holds on it. Returns whether it made a new one.
// Throws Failure, which names the path.
bool prepare_place(const Options& options);

// Opens (creating it, mode 0600) a side file of the database, with real space behind its first `size`
// octets: on a full disk, to touch a hole of a mapped file would end the process. Throws Failure.
int open_side_file(const std::string& path, std::int64_t size = 0);

}  // namespace penstock::sqlite
