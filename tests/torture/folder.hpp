// Folders that a torture test fills and throws away.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace penstock::torture {

namespace fs = std::filesystem;

class Scratch {
 public:
  enum class On { memory, disk };  // memory: for files whose syncs are simulated anyway

  explicit Scratch(On on) {
    const bool memory = on == On::memory && fs::is_directory("/dev/shm") && access("/dev/shm", W_OK) == 0;
    std::string name = (memory ? fs::path("/dev/shm") : fs::temp_directory_path()) / "penstock-XXXXXX";
    if (!mkdtemp(name.data())) throw std::runtime_error("cannot make the folder " + name);
    path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  // The folder `name` in here, empty.
  std::string fresh(const std::string& name) const {
    const fs::path path = path_ / name;
    fs::remove_all(path);
    fs::create_directory(path);
    return path;
  }

 private:
  fs::path path_;
};

}  // namespace penstock::torture
