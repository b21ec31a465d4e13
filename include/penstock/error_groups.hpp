// What durable tasks failed of, grouped: failures of one queue and kind whose messages differ in numbers,
// ids and quoted values only are one group.
//
// Kept in the store, at most 100 groups a queue; the one seen longest ago goes first. Every working
// process adds what it saw every few seconds, and when it stops: a process that is killed takes its last
// few seconds of counts along, nothing else.
#pragma once

#include <cstdint>
#include <string>

#include <penstock/plugin/time.hpp>

namespace penstock {

struct ErrorGroup {
  std::string queue, kind;
  std::uint64_t fingerprint = 0;  // as TaskInfo::fingerprint
  std::uint64_t count = 0;        // attempts that failed so
  Time first{}, last{};           // seen, by the clocks of the processes that saw them
  std::string sample;             // one of the messages: one line, at most 300 octets, control bytes escaped
  std::string build;              // of the program that saw it last: its GNU build id, or "penstock-0.1.0"
};

}  // namespace penstock
