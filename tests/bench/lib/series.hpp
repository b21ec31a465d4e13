// Numbers measured again and again, and what is made of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <vector>

namespace penstock::bench {

using Series = std::vector<double>;

// The value below which the share `q` of all lies.
inline double quantile(Series values, double q) {
  if (values.empty()) throw std::logic_error("nothing was measured");
  const auto at = std::min(values.size() - 1, static_cast<std::size_t>(q * static_cast<double>(values.size())));
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(at));
  return values[at];
}

inline double median(const Series& values) { return quantile(values, 0.5); }
inline double least(const Series& values) { return quantile(values, 0); }
inline double most(const Series& values) { return quantile(values, 1); }

// Ours over theirs, round by round: what disturbs a round disturbs both.
inline Series ratios(const Series& ours, const Series& theirs) {
  Series out;
  for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) out.push_back(ours[i] / theirs[i]);
  return out;
}

}  // namespace penstock::bench
