#include "plugins/module.hpp"

#include <dlfcn.h>

#include "config/text.hpp"
#include "plugins/elf.hpp"

namespace penstock::plugins {
namespace {

constexpr std::string_view kPrefix = "libpenstock-", kSuffix = ".so";

std::string symbol(std::uint32_t abi, const std::string& name) {
  return "penstock_plugin_" + std::to_string(abi) + "_" + name;
}

// Why the entry of this ABI number is missing: perhaps one of another number is there.
std::string missing(void* module, const std::string& name) {
  for (std::uint32_t abi = 0; abi <= PENSTOCK_PLUGIN_ABI + 2; ++abi) {
    if (abi == PENSTOCK_PLUGIN_ABI || !::dlsym(module, symbol(abi, name).c_str())) continue;
    return "built for plugin ABI " + std::to_string(abi) + ", this program has " + std::to_string(PENSTOCK_PLUGIN_ABI);
  }
  return "exports no " + symbol(PENSTOCK_PLUGIN_ABI, name) + ": not a plugin of that name, or its file was renamed";
}

Result<Plugin> load(const std::string& path, const ReadOptions& options) {
  if (path.empty() || path[0] != '/') return Error{Errc::invalid, "not an absolute path"};
  std::string name = plugin_of_file(path);
  if (name.empty()) return Error{Errc::invalid, "a module's file is named libpenstock-NAME.so"};
  if (auto sound = check_file(path); !sound) return sound.error();
  // NODELETE: string literals, types and threads of a module may be referred to until the end.
  void* module = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!module) {
    const char* why = ::dlerror();
    return Error{Errc::invalid, why ? config::printable(why, 500) : "the loader refuses it"};
  }
  void* entry = ::dlsym(module, symbol(PENSTOCK_PLUGIN_ABI, name).c_str());
  if (!entry) return Error{Errc::invalid, missing(module, name)};
  auto plugin = read_descriptor(reinterpret_cast<PluginEntry>(entry), path, options);
  if (plugin && plugin->name != name) {
    return Error{Errc::invalid, "its descriptor calls it \"" + plugin->name + "\", its file \"" + name + "\""};
  }
  return plugin;
}

}  // namespace

std::string plugin_of_file(const std::string& path) {
  std::string_view file = std::string_view(path).substr(path.rfind('/') + 1);
  if (file.size() <= kPrefix.size() + kSuffix.size() || file.substr(0, kPrefix.size()) != kPrefix ||
      file.substr(file.size() - kSuffix.size()) != kSuffix) {
    return {};
  }
  file = file.substr(kPrefix.size(), file.size() - kPrefix.size() - kSuffix.size());
  return config::component_name(file) ? std::string(file) : "";
}

std::string file_of_plugin(const std::string& name) { return std::string(kPrefix) + name + std::string(kSuffix); }

Result<Plugin> open_module(const std::string& path, const ReadOptions& options) {
  auto plugin = load(path, options);
  if (plugin) return plugin;
  return Error{plugin.error().code, config::printable(path, 4096) + ": " + plugin.error().message};
}

}  // namespace penstock::plugins
