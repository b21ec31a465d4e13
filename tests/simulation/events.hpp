// What happens next: events at virtual times, those of one time in an order that the seed decides.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include <penstock/plugin/time.hpp>

#include "model/prng.hpp"

namespace penstock::simulation {

class Events {
 public:
  explicit Events(model::Prng& random) : random_(random) {}

  Millis now() const { return now_; }
  void after(Millis delay, std::function<void()> what) {
    queue_.emplace(std::pair(now_ + delay, random_.next()), std::move(what));
  }
  // Runs the next event; false when there is none, or none before `end`.
  bool step(Millis end) {
    if (queue_.empty() || queue_.begin()->first.first >= end) return false;
    auto node = queue_.extract(queue_.begin());
    now_ = node.key().first;
    node.mapped()();
    return true;
  }

 private:
  model::Prng& random_;
  Millis now_{1'000'000};
  std::multimap<std::pair<Millis, std::uint64_t>, std::function<void()>> queue_;
};

}  // namespace penstock::simulation
