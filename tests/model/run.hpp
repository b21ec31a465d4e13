// One run of the model test: regressions, then seeded sequences, the first divergence made small.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "model/coverage.hpp"
#include "model/ops.hpp"
#include "model/subject.hpp"

namespace penstock::model {

struct Plan {
  std::uint64_t sequences = 2000;
  std::size_t ops = 200;
  bool flow = false;              // generate_flow()
  std::uint64_t seed = 20240229;  // sequence i has seed + i, so that the seed of a failure replays it first
};

struct Found {
  std::string name;  // of the regression, or empty
  std::uint64_t seed = 0;
  Sequence sequence;  // made small
  std::string what;
  bool flow = false;  // as in Plan
};

// The first divergence, or nothing.
std::optional<Found> search(Subject&, const Plan&, Coverage&);

// The sequence step by step, with what was expected and seen, and how to replay it.
void explain(std::ostream&, const std::string& backend, Subject&, const Found&);

}  // namespace penstock::model
