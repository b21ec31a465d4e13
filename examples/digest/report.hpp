// What a run tells: progress while it works, tables and the results file at its end.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <penstock/task.hpp>

#include "files.hpp"

namespace digest {

struct Progress {
  std::size_t total = 0;
  std::size_t before = 0;  // done when this program started: an earlier one did them
  std::atomic<std::size_t> done{0}, failed{0}, retried{0};
};

// Draws a bar on a terminal, prints a line every two seconds elsewhere, until it is asked to stop.
void show_progress(std::stop_token stop, const Progress& progress);

struct Summary {
  std::size_t digested = 0, failed = 0, unfinished = 0;
  bool written = false;
};

// Reads every file's stored result, writes the results file (in the format of sha256sum(1)) if nothing is
// unfinished, and prints the tables. The file appears whole or not at all.
Summary report(penstock::TaskManager& tasks, const Listing& listing, const std::filesystem::path& output,
               std::chrono::duration<double> took, std::size_t before);

}  // namespace digest
