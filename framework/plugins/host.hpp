// Finds plugins, built in or as modules, and creates their components from checked settings.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <penstock/plugin/plugin.hpp>

#include "config/document.hpp"
#include "plugins/plugin.hpp"

namespace penstock::plugins {

struct HostOptions {
  std::span<const PluginEntry> builtin;         // see penstock/builtin.hpp
  std::vector<std::string> path;                // [plugins] path: absolute directories
  std::vector<std::string> allow;               // [plugins] allow: modules that may be loaded; empty allows all
  std::string environment_path;                 // PENSTOCK_PLUGIN_PATH: absolute directories, `:` between them
  std::string installed = default_directory();  // searched last; empty: none
  bool force = false;                           // PENSTOCK_PLUGIN_FORCE: take other stamps, with a warning

  static const char* default_directory() noexcept;  // <libdir>/penstock/plugins-<ABI>
  HostOptions& from_environment();                  // reads the two variables
};

// Owns what is known of the plugins of this process; modules stay loaded when it goes.
// Thread: one at a time; it is used while a program starts.
class PluginHost {
 public:
  // `host` is lent to every component, so it outlives them, and takes the log lines. Errc::invalid for
  // a directory that is not absolute, a built-in plugin that breaks a rule, or two of one name.
  static Result<std::unique_ptr<PluginHost>> make(penstock::Host& host, HostOptions options);

  enum class Role { part, wrapper };  // of a component: it stands by itself, or goes around another

  // A component and the plugin it is of; they live as long as the host.
  struct Found {
    const Plugin* plugin;
    const ComponentInfo* component;
  };
  // Looks among the plugins that are known, then for the module of plugin `name` in each directory, in
  // the order of HostOptions. With `module`, an absolute path, only that file is looked at. The error
  // lists every place that was tried. Errc::invalid for a component of the other role.
  Result<Found> find(std::string_view kind, std::string_view name, const std::string& module = {},
                     Role role = Role::part);

  // Finds the component, checks `settings` against its table, and creates it. Errors about settings
  // name their place in the file.
  Result<std::unique_ptr<Interface>> create(std::string_view kind, std::string_view name,
                                            const config::Section& settings, const std::string& module = {});
  // The same for a wrapper, which is put around `inner`, an object of this kind.
  Result<std::unique_ptr<Interface>> wrap(std::string_view kind, std::string_view name, const config::Section& settings,
                                          std::unique_ptr<Interface> inner, const std::string& module = {});

  // Loads the module, or returns what is known of it when the same file was loaded before.
  Result<const Plugin*> open(const std::string& path);

  // Directories that are searched for modules, in order.
  const std::vector<std::string>& directories() const noexcept { return directories_; }
  // Every plugin known so far, built-in ones first.
  const std::vector<std::unique_ptr<const Plugin>>& plugins() const noexcept { return plugins_; }

 private:
  PluginHost(penstock::Host& host, HostOptions options) : host_(host), options_(std::move(options)) {}
  Result<void> add_builtin();
  Result<void> add_directories();
  const Plugin* by_name(std::string_view name) const noexcept;
  Result<Found> look(std::string_view kind, std::string_view name, const std::string& module, Role role);
  Result<std::unique_ptr<Interface>> make(const Found& found, const config::Section& settings,
                                          std::unique_ptr<Interface> inner);

  penstock::Host& host_;
  HostOptions options_;
  std::vector<std::string> directories_;
  std::vector<std::unique_ptr<const Plugin>> plugins_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, const Plugin*> files_;  // by device and inode
};

}  // namespace penstock::plugins
