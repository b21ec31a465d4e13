// Rounds: every side in turn, again and again, so that what disturbs the machine disturbs all.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bench/lib/child.hpp"

namespace penstock::bench {

struct Side {
  std::string name;
  Measurement measure;
};

// What the rounds gave, of one side: [i] is the i-th number of its measurement, one per round.
using Columns = std::vector<Series>;

struct Rounds {
  std::vector<Columns> sides;  // in the order given
  Series foreign;              // cores that other processes used meanwhile
};

// Each measurement runs in a child. `warm_up`: one round before the first that counts.
Rounds interleave(const std::vector<Side>& sides, int rounds, bool warm_up);

}  // namespace penstock::bench
