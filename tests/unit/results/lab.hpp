// A registry of in-memory tasks and a clock in hand.
#pragma once

#include <memory>
#include <vector>

#include "results/local_registry.hpp"

namespace penstock::results {

struct Lab {
  explicit Lab(RetentionLimits limits = {}) : registry(limits) {}

  LocalRegistry registry;
  Instant now{std::chrono::hours(1)};
  std::vector<std::unique_ptr<ResultValue>> garbage;

  void end(LocalTask& task, Status status = Status::succeeded) {
    task.status = status;
    registry.ended(task, now, garbage);
  }
};

}  // namespace penstock::results
