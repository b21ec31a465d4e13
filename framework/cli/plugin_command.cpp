// penstock plugin list, penstock plugin inspect: every module is opened in a child process.
#include <algorithm>
#include <dirent.h>
#include <filesystem>
#include <iostream>
#include <set>
#include <unistd.h>

#include <penstock/builtin.hpp>

#include "cli/setup.hpp"
#include "plugins/child.hpp"
#include "plugins/module.hpp"

namespace penstock::cli {
namespace {

constexpr std::size_t kMaxModules = 1024;  // of one directory

std::string summary(const plugins::Plugin& plugin) {
  std::string out =
      plugin.name + " " + config::printable(plugin.version) + " (" + config::printable(plugin.origin, 4096) + ")";
  for (const plugins::ComponentInfo& c : plugin.components)
    out += "\n  " + c.kind + (c.wrapper() ? " wrapper " : " ") + c.name + ": " + config::printable(c.doc);
  return out;
}

}  // namespace

std::vector<std::string> modules_in(const std::string& directory) {
  std::vector<std::string> out;
  DIR* open = ::opendir(directory.c_str());
  if (!open) return out;
  while (const dirent* entry = ::readdir(open)) {
    std::string path = directory + "/" + entry->d_name;
    if (!plugins::plugin_of_file(path).empty() && out.size() < kMaxModules) out.push_back(std::move(path));
  }
  ::closedir(open);
  std::sort(out.begin(), out.end());
  return out;
}

namespace {

// What is wrong, behind what it is about.
std::string from(const std::string& what, const Error& error) {
  return error.message.rfind(what, 0) == 0 ? error.message : what + ": " + error.message;
}

// With a file named, or penstock.toml here, its [plugins] section counts; else the defaults do.
Result<config::Loaded> load_or_default(const Arguments& arguments) {
  if (arguments.words.empty() && ::access(kDefaultFile, F_OK) != 0) return config::check_core({});
  return config::load(file_of(arguments));
}

Result<std::string> inspect(const Named& target) {
  auto options = options_here();
  if (!options) return options.error();
  SilentHost silent;
  auto host = plugins::PluginHost::make(silent, *options);
  if (!host) return host.error();
  auto plugin = target.module.empty() ? find_plugin(**host, target.name) : (*host)->open(target.module);
  if (!plugin) return plugin.error();
  return plugins::describe(**plugin);
}

}  // namespace

plugins::HostOptions host_options(const config::Loaded& loaded) {
  plugins::HostOptions options;
  options.builtin = builtin_plugins();
  options.path = loaded.table("plugins").list("path");
  options.allow = loaded.table("plugins").list("allow");
  return options.from_environment();
}

Result<plugins::HostOptions> options_here() {
  auto loaded = load_or_default({});
  if (!loaded) return loaded.error();
  return host_options(*loaded);
}

Result<Named> module_or_name(const std::string& word) {
  if (word.find('/') == word.npos && !word.ends_with(".so")) {
    if (config::component_name(word)) return Named{"", word};
    return Error{Errc::invalid, "expected a plugin's name or a path of a module, got " + config::quoted(word)};
  }
  std::error_code failed;
  const auto whole = std::filesystem::absolute(word, failed);  // the loader would not resolve it
  const auto real = std::filesystem::canonical(whole, failed);
  const bool linked = !failed && plugins::plugin_of_file(real).empty();  // by a name that says what it is
  return Named{failed || linked ? whole.string() : real.string(), ""};
}

Result<const plugins::Plugin*> find_plugin(plugins::PluginHost& host, const std::string& name) {
  for (const auto& plugin : host.plugins()) {
    if (plugin->name == name) return plugin.get();
  }
  std::string tried = "built in";
  for (const std::string& directory : host.directories()) {
    auto plugin = host.open(directory + "/" + plugins::file_of_plugin(name));
    if (plugin || plugin.error().code != Errc::not_found) return plugin;
    tried += "; " + plugin.error().message;
  }
  return Error{Errc::not_found, "plugin " + config::quoted(name) + " is not to be found; tried " + tried};
}

int plugin_list(const Arguments& arguments) {
  auto loaded = load_or_default(arguments);
  if (!loaded) return fail(loaded.error());
  SilentHost silent;
  auto host = plugins::PluginHost::make(silent, host_options(*loaded));
  if (!host) return fail(host.error());
  for (const auto& plugin : (*host)->plugins()) std::cout << summary(*plugin) << "\n";
  for (const std::string& directory : (*host)->directories()) {
    for (const std::string& path : modules_in(directory)) {
      auto text = plugins::in_child([&]() -> Result<std::string> {
        auto plugin = (*host)->open(path);
        if (!plugin) return plugin.error();
        return summary(**plugin);
      });
      std::cout << (text ? *text : "refused: " + config::printable(from(path, text.error()), 4096)) << "\n";
    }
  }
  return kOk;
}

int plugin_inspect(const Arguments& arguments) {
  const std::string& word = arguments.words[0];
  auto named = module_or_name(word);
  if (!named) return fail(named.error());
  auto text = plugins::in_child([&] { return inspect(*named); });
  if (!text) return fail(Error{Errc::unavailable, from(named->module.empty() ? word : named->module, text.error())});
  std::cout << *text;
  return kOk;
}

}  // namespace penstock::cli
