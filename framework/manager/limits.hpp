// The tokens that the start of a task costs: one of each key, or none.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <penstock/plugin/limiter.hpp>

#include "execution/runnable.hpp"

namespace penstock::impl {

class Tokens {
 public:
  explicit Tokens(const execution::Runnable& task);

  struct Shortage {
    bool process = false;        // of the whole process; else of the task's queue or handler
    Millis retry_in{};           // at least 1 ms
    std::optional<Error> error;  // the limiter's, which counts as a shortage
  };
  // Neither holds on to a lock: a limiter may do I/O.
  std::optional<Shortage> take(Limiter& limiter) const;
  void give_back(Limiter& limiter) const { give_back(limiter, keys_.size()); }

  friend bool operator==(const Tokens&, const Tokens&) = default;

 private:
  void give_back(Limiter& limiter, std::size_t count) const;
  std::vector<std::string> keys_;
};

}  // namespace penstock::impl
