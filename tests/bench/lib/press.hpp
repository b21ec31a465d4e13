// Many threads that do one thing at once.
#pragma once

#include <cstddef>
#include <latch>
#include <thread>
#include <vector>

#include "bench/lib/clock.hpp"

namespace penstock::bench {

// Runs `put` `each` times on every one of so many threads; tasks per second.
template <class Put>
double press(std::size_t threads, std::size_t each, Put&& put) {
  std::latch go(static_cast<std::ptrdiff_t>(threads) + 1);
  std::vector<std::jthread> producers;
  for (std::size_t p = 0; p < threads; ++p) {
    producers.emplace_back([&] {
      go.arrive_and_wait();
      for (std::size_t i = 0; i < each; ++i) put();
    });
  }
  go.arrive_and_wait();
  const Stopwatch watch;
  producers.clear();
  return double(threads * each) / watch.seconds();
}

}  // namespace penstock::bench
