// A folder of one test, and the modules that the build made for it.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <vector>

#include <penstock/plugin/plugin.hpp>

namespace penstock::testing {

class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "penstock-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string operator/(const std::string& file) const { return path_ + "/" + file; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::string module_file(const std::string& name) { return std::string(MODULES "/libpenstock-") + name + ".so"; }

inline std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}
inline void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
}

// Keeps what plugins and their host log.
class LoggingHost final : public Host {
 public:
  void log(Level level, std::string_view message) noexcept override { lines.emplace_back(level, message); }
  void* query(std::string_view) noexcept override { return nullptr; }
  std::vector<std::pair<Level, std::string>> lines;
};

}  // namespace penstock::testing
