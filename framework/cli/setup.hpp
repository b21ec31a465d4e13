// What the commands about plugins and configs have in common: a host that loads but does not log.
#pragma once

#include <memory>
#include <string>

#include <penstock/manager.hpp>

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

// A manager on the store that the file names, to look at it or to set things by hand: none of the file's
// limits are declared, and by the name of the file alone no handlers are loaded.
inline TaskManager open_to_look(Options options) {
  options.limits.clear();
  options.log_level = Level::warn;
  return TaskManager::open(std::move(options));
}
inline TaskManager open_to_look(const std::string& file) {
  Options options = read_config(file);
  options.handler_modules.clear();
  return open_to_look(std::move(options));
}

// The file that --config names, or penstock.toml.
inline std::string config_of(const Arguments& arguments) { return arguments.option("config").value_or(kDefaultFile); }

// What a file's [plugins] section, the environment and the build say about where plugins are.
plugins::HostOptions host_options(const config::Loaded& loaded);

}  // namespace penstock::cli
