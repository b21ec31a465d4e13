// A process that does nothing but work, on a store that may be away when it starts.
#pragma once

#include <csignal>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <unistd.h>

#include <penstock/penstock.hpp>

#include "torture/child.hpp"
#include "torture/complaint.hpp"
#include "torture/signal.hpp"

namespace penstock::torture {

// Only at its start does a worker need somebody who tries again. Nullopt: it was told to stop before.
inline std::optional<TaskManager> open_manager(const penstock::Options& options, const Signal& stop, Complaint& said) {
  while (!stop.raised()) {
    try {
      return TaskManager::open(options);
    } catch (const Exception& e) {
      if (!e.error().retryable) throw;
      said.say(std::string("a worker's start: ") + e.what());
    }
  }
  return std::nullopt;
}

// Works until `stop` with the handlers that `set_up(TaskManager&)` gives it; dies with its parent. Returns the exit
// status of the process.
template <class SetUp>
int live_as_worker(const penstock::Options& options, const Signal& stop, Complaint& said, SetUp set_up) try {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::optional<TaskManager> tasks = open_manager(options, stop, said);
  if (!tasks) return 0;
  set_up(*tasks);
  tasks->start();
  stop.wait();
  alarm(kStuckAfter);
  if (!tasks->stop_graceful(std::chrono::seconds(20))) throw std::runtime_error("a worker did not stop");
  return 0;
} catch (const std::exception& e) {
  said.say(e.what());
  return 1;
}

}  // namespace penstock::torture
