// Worker programs on a store: a file by its path, or a Redis server by its URL.
#pragma once

#include <string>

#include "bench/lib/series.hpp"

namespace penstock::bench {

inline constexpr const char* kLease = "10000";  // ms, the default

void fill_store(const std::string& store, std::size_t tasks);
void check_all_done(const std::string& store);

// With one task in the store, and nothing else:
// MiB of a worker that has run it and has nothing more to do; then 1 if it has loaded a TLS library.
Series idle_size(const std::string& store);
// Milliseconds from the start of the process until the store has accepted the task's end.
Series first_task(const std::string& store);

}  // namespace penstock::bench
