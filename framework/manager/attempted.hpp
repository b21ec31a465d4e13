// What an attempt came to, on its way from the worker to the state.
#pragma once

#include <string>
#include <vector>

#include "manager/impl.hpp"

namespace penstock::impl {

// How a durable task is to be treated, after all overrides.
struct Manager::Treatment {
  RetryPolicy retry;
  Millis timeout{}, keep_result{};
  bool keep_asked = false;  // keep the record even when there is no result
};

struct Manager::Attempted {
  Outcome outcome;
  Treatment treatment;  // of a durable task
  std::string lacks;    // a codec of its payload that is not here: the task is given back
  std::chrono::nanoseconds ran{};
  // Durable tasks: the result as it will be stored, and the children that go with the settlement.
  bool has_result = false;
  std::string result, result_codec;
  std::vector<std::string> result_transforms;
  std::vector<durable::Child> children;
};

}  // namespace penstock::impl
