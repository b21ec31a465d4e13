// What an attempt came to, on its way from the worker to the state.
#pragma once

#include <string>
#include <vector>

#include "manager/impl.hpp"

namespace penstock::impl {

struct Manager::Attempted {
  Outcome outcome;
  std::chrono::nanoseconds ran{};
  // Durable tasks: the result as it will be stored, and the children that go with the settlement.
  bool has_result = false;
  std::string result, result_codec;
  std::vector<std::string> result_transforms;
  std::vector<durable::Child> children;
};

}  // namespace penstock::impl
