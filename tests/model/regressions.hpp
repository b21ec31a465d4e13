// Sequences that once told a backend from the model. They run first, for ever.
#pragma once

#include <vector>

#include "model/ops.hpp"

namespace penstock::model {

struct Regression {
  const char* name;
  Sequence sequence;
};

std::vector<Regression> regressions();

}  // namespace penstock::model
