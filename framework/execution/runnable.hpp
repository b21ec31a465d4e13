// What a worker can run: a closure of this process or a task leased from the store.
#pragma once

#include "scheduling/schedulable.hpp"

namespace penstock::execution {

using scheduling::Instant;

struct Runnable : scheduling::Schedulable {
  bool durable = false;
  bool stop_wanted = false;  // cancelled while running, or its lease is lost
  Instant available{};       // since when it could have run
};

}  // namespace penstock::execution
