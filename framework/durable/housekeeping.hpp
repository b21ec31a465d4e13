// Which queues the store is to be asked to forget something of, and when: those in which something ends often, all
// others in turn, so that a worker that has nothing to do asks for nearly nothing, however many queues there are.
//
// Pure: it takes `now`.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <penstock/plugin/backend.hpp>

#include "execution/runnable.hpp"

namespace penstock::durable {

class Housekeeping {
 public:
  using Instant = execution::Instant;
  static constexpr Millis kOften{2'000};
  static constexpr Millis kSeldom{120'000};

  // `remembers`: how long the store knows ids that have ended. A queue is visited until these are gone.
  Housekeeping(Millis remembers, Instant now);

  // Something has ended in the queue, or was forgotten on a visit: there will be more.
  void stir(const std::string& queue, Instant now);
  // The queues to visit now, in all their states: to be asked for every kOften.
  std::vector<std::string> visits(Instant now);
  // Whether it is time to look at all queues, and which of these is to be visited then.
  bool looks(Instant now) const noexcept { return now >= look_at_; }
  std::optional<Counts> looked(std::span<const Counts> all, Instant now);

 private:
  const Millis for_;                                     // how long a queue is visited often
  std::map<std::string, Instant, std::less<>> stirred_;  // until when
  std::string last_;                                     // visited in turn
  Instant look_at_;
};

}  // namespace penstock::durable
