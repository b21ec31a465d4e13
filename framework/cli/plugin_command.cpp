// penstock plugin list, penstock plugin inspect: every module is opened in a child process.
#include <algorithm>
#include <dirent.h>
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

// With a file named, or penstock.toml here, its [plugins] section counts; else the defaults do.
Result<config::Loaded> load_or_default(const Arguments& arguments) {
  if (arguments.words.empty() && ::access(kDefaultFile, F_OK) != 0) return config::check_core({});
  return config::load(file_of(arguments));
}

Result<std::string> inspect(const std::string& target) {
  auto loaded = load_or_default({});
  if (!loaded) return loaded.error();
  SilentHost silent;
  auto host = plugins::PluginHost::make(silent, host_options(*loaded));
  if (!host) return host.error();
  if (target[0] == '/') {
    auto plugin = (*host)->open(target);
    if (!plugin) return plugin.error();
    return plugins::describe(**plugin);
  }
  for (const auto& plugin : (*host)->plugins()) {
    if (plugin->name == target) return plugins::describe(*plugin);
  }
  std::string tried = "built in";
  for (const std::string& directory : (*host)->directories()) {
    auto plugin = (*host)->open(directory + "/" + plugins::file_of_plugin(target));
    if (plugin) return plugins::describe(**plugin);
    if (plugin.error().code != Errc::not_found) return plugin.error();
    tried += "; " + plugin.error().message;
  }
  return Error{Errc::not_found, "plugin " + config::quoted(target) + " is not to be found; tried " + tried};
}

}  // namespace

plugins::HostOptions host_options(const config::Loaded& loaded) {
  plugins::HostOptions options;
  options.builtin = builtin_plugins();
  options.path = loaded.table("plugins").list("path");
  options.allow = loaded.table("plugins").list("allow");
  return options.from_environment();
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
      std::string why = text ? "" : text.error().message;
      if (why.rfind(path, 0) != 0) why = path + ": " + why;
      std::cout << (text ? *text : "refused: " + config::printable(why, 4096)) << "\n";
    }
  }
  return kOk;
}

int plugin_inspect(const Arguments& arguments) {
  std::string target = arguments.words[0];
  if (target.find('/') != std::string::npos && target[0] != '/') {
    char* whole = ::realpath(target.c_str(), nullptr);  // the person's shell resolves it; the loader would not
    if (whole) target = whole;
    ::free(whole);
  }
  if (target.find('/') == std::string::npos && !config::component_name(target)) {
    return fail("expected a plugin's name or a path with a slash, got " + config::quoted(target), kUsage);
  }
  auto text = plugins::in_child([&] { return inspect(target); });
  if (!text) return fail(Error{Errc::unavailable, target + ": " + text.error().message});
  std::cout << *text;
  return kOk;
}

}  // namespace penstock::cli
