// Latency at a fixed low rate: from just before the call to the first line of what it makes run.
#pragma once

#include <chrono>
#include <vector>

#include "bench/lib/clock.hpp"
#include "bench/lib/ran.hpp"
#include "bench/lib/series.hpp"

namespace penstock::bench {

// Median and 99th percentile.
inline Series latency(const std::vector<double>& us) { return {quantile(us, 0.5), quantile(us, 0.99)}; }

// Of closures handed to `submit`, in microseconds.
template <class Submit>
Series closure_latency(std::size_t count, std::chrono::nanoseconds period, Submit&& submit) {
  Ran ran(count);
  std::vector<double> us(count);
  Ticker ticker(period);
  for (std::size_t i = 0; i < count; ++i) {
    ticker.wait();
    submit([&us, &ran, i, sent = now_ns()] {
      us[i] = double(now_ns() - sent) / 1e3;
      ran.mark(i);
      ran.end();
    });
  }
  ran.wait();
  ran.verify();
  return latency(us);
}

}  // namespace penstock::bench
