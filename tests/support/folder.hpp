// A folder of one test, gone with everything in it when the test ends.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <unistd.h>

namespace penstock::testing {

class Folder {
 public:
  explicit Folder(const std::filesystem::path& in = std::filesystem::temp_directory_path()) {
    std::string name = in / "penstock-XXXXXX";
    if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make the folder " + name);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const noexcept { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  void empty() const {
    for (const auto& entry : std::filesystem::directory_iterator(path_)) std::filesystem::remove_all(entry);
  }

 private:
  std::string path_;
};

// Where files are in memory, for tests whose syncs do not matter; else where all temporary ones are.
inline std::filesystem::path in_memory() {
  const bool there = std::filesystem::is_directory("/dev/shm") && ::access("/dev/shm", W_OK) == 0;
  return there ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path();
}

}  // namespace penstock::testing
