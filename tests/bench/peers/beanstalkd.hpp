// beanstalkd, a server that keeps jobs in its memory: measured where it is installed.
#pragma once

#include <cstddef>
#include <string>

#include "bench/lib/series.hpp"

namespace penstock::bench {

std::string beanstalkd_version();  // empty: it is not installed
// Jobs per second of a whole life: put by one process, reserved and deleted by another, 64 calls of each in flight.
Series beanstalkd_life(std::size_t jobs);
// Median and 99th percentile of the microseconds from the call to the job in the other process.
Series beanstalkd_pickup(std::size_t jobs);

}  // namespace penstock::bench
