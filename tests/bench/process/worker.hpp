// The worker that bench_process and bench_redis start.
#pragma once

#include <string>
#include <vector>

namespace penstock::bench {

// Arguments: MODE STORE LEASE_MS. Works on the store (the path of a file, or the URL of a server) until SIGTERM;
// returns the exit status.
//   work   says "done TIME" after the first end that the store accepted, and "idle 0" when nothing is left
//   hold   says "ran TIME" in its first task, which it never ends
//   sip N  says "ran N" in its N-th task, which it holds until it is told to stop
int worker(const std::vector<std::string>& arguments);

}  // namespace penstock::bench
