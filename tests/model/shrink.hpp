// Makes a failing sequence small: takes steps out, in halves and quarters, then one by one, then takes
// out or resets what is inside the steps, for as long as it still fails.
#pragma once

#include <functional>

#include "model/ops.hpp"

namespace penstock::model {

using Fails = std::function<bool(const Sequence&)>;

// Requires: fails(sequence). At most `tries` calls of `fails`.
Sequence shrink(Sequence sequence, const Fails& fails, int tries = 4000);

}  // namespace penstock::model
