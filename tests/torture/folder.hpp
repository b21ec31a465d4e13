// Folders that a torture test fills and throws away.
#pragma once

#include <filesystem>
#include <string>

#include "support/folder.hpp"

namespace penstock::torture {

namespace fs = std::filesystem;

class Scratch {
 public:
  enum class On { memory, disk };  // memory: for files whose syncs are simulated anyway

  explicit Scratch(On on) : folder_(on == On::memory ? testing::in_memory() : fs::temp_directory_path()) {}

  // The folder `name` in here, empty.
  std::string fresh(const std::string& name) const {
    const fs::path path = fs::path(folder_ / name);
    fs::remove_all(path);
    fs::create_directory(path);
    return path;
  }

 private:
  testing::Folder folder_;
};

}  // namespace penstock::torture
