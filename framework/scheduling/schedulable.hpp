// What the schedulers know of a task: where it stands and what it weighs. Intrusive: a task carries
// its own links, so that queueing allocates nothing.
#pragma once

#include <chrono>
#include <cstdint>

namespace penstock::scheduling {

using Instant = std::chrono::steady_clock::time_point;

struct Lane;

struct Schedulable {
  // Which container holds it, and where.
  enum class Place : std::uint8_t { none, fifo, returned, delayed };

  std::int32_t priority = 0;
  std::uint16_t weight = 1;
  Place place = Place::none;
  std::uint32_t position = 0;  // in the heap that holds it
  std::uint64_t arrival = 0;   // sequence at enqueue, kept for life
  Instant due{};               // while delayed
  Lane* lane = nullptr;        // the queue it belongs to
  Schedulable* previous = nullptr;
  Schedulable* next = nullptr;

  // Lower runs first: the priority, then the inverse weight.
  std::uint64_t rank() const noexcept {
    return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(priority) ^ 0x80000000u) << 16) |
           static_cast<std::uint16_t>(0xffff - weight);
  }
};

}  // namespace penstock::scheduling
