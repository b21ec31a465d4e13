// What the commands about plugins and configs have in common: a host that loads but does not log.
#pragma once

#include <memory>
#include <string>

#include "cli/commands.hpp"
#include "config/core.hpp"
#include "plugins/host.hpp"

namespace penstock::cli {

inline constexpr const char* kDefaultFile = "penstock.toml";

// Takes what plugins say and drops it: these commands answer with what they found.
class SilentHost final : public Host {
 public:
  void log(Level, std::string_view) noexcept override {}
  void* query(std::string_view) noexcept override { return nullptr; }
};

// The file that the command names, or penstock.toml.
inline std::string file_of(const Arguments& arguments) {
  return arguments.words.empty() ? kDefaultFile : arguments.words[0];
}

// What a file's [plugins] section, the environment and the build say about where plugins are.
plugins::HostOptions host_options(const config::Loaded& loaded);

}  // namespace penstock::cli
