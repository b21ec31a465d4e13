// The files of a run, and the ids of their tasks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <penstock/task.hpp>

#include "job.hpp"

namespace digest {

struct Listing {
  std::vector<DigestFile> files;        // regular ones, by path
  std::vector<penstock::TaskId> ids;    // one per file
  std::vector<std::string> unreadable;  // folders that could not be listed
};

// Walks the tree below `root` without following links. An id follows from run, path, size and mtime: a
// run that is taken up again makes the same ids, and a file that changed meanwhile is a new task.
Listing list_files(const std::filesystem::path& root, const std::string& run);

// The run's name, kept in `file` while the run lasts: made if there is none, or if it is of another root.
struct Run {
  std::string name;
  bool resumed = false;
};
Run take_up(const std::filesystem::path& file, const std::filesystem::path& root);

}  // namespace digest
