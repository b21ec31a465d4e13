// The modules that the build made for the tests, and the files of a test.
#pragma once

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <penstock/plugin/plugin.hpp>

#include "support/folder.hpp"

namespace penstock::testing {

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
