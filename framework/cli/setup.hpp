// What the commands about plugins and configs have in common: a host that loads but does not log.
#pragma once

#include <memory>
#include <string>
#include <vector>

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

// The file that the command names, by a word or by --config, or penstock.toml.
inline std::string file_of(const Arguments& arguments) {
  if (!arguments.words.empty()) return arguments.words[0];
  return arguments.option("config").value_or(kDefaultFile);
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
// The same by penstock.toml, if there is one here.
Result<plugins::HostOptions> options_here();

// A plugin as a command line names it: the path of a module (a word with a slash, or that ends in .so), or a name to
// be found. One of them is empty.
struct Named {
  std::string module, name;
};
Result<Named> module_or_name(const std::string& word);
Result<const plugins::Plugin*> find_plugin(plugins::PluginHost& host, const std::string& name);
// Files of a directory that are named as modules are, by name.
std::vector<std::string> modules_in(const std::string& directory);

}  // namespace penstock::cli
