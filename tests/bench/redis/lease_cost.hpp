// What tasks that wait cost a Redis server: its memory, and its CPU for a lease among them. What has another prefix
// shares nothing but the server.
#pragma once

#include <string>

#include "bench/lib/series.hpp"
#include "support/redis/server.hpp"

namespace penstock::bench {

// Puts so many tasks in; octets of the server's memory for each. `fill_raw`: the ceiling's jobs.
double fill(const testing::RedisServer& server, const char* prefix, std::size_t count);
double fill_raw(const testing::RedisServer& server, const char* prefix, std::size_t count, const std::string& body);

// Seconds of the server's CPU per 10,000 tasks for calls that each settle a batch and claim the next. What was claimed
// is replaced, so that as many wait as before. `raw_lease_cost`: of the ceiling's script.
Series lease_cost(const testing::RedisServer& server, const char* prefix, std::size_t claims);
Series raw_lease_cost(const testing::RedisServer& server, const char* prefix, std::size_t claims,
                      const std::string& body);

}  // namespace penstock::bench
