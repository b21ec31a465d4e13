// A plugin as its descriptor tells it, read with care: the memory behind it is a module's.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <penstock/plugin/plugin.hpp>

namespace penstock::plugins {

struct ComponentInfo {
  std::string kind, name, doc;
  std::span<const Setting> settings;  // keys, docs and fallbacks are checked
  std::vector<std::string> capabilities;
  decltype(Component::create) create = nullptr;
  decltype(Component::wrap) wrap = nullptr;  // then it is a wrapper, and `create` is null

  bool wrapper() const noexcept { return wrap != nullptr; }
};

struct Plugin {
  std::string name, version, license, stamp;
  std::string origin;  // "built in", or the module's path
  std::vector<ComponentInfo> components;

  const ComponentInfo* find(std::string_view kind, std::string_view component) const noexcept;
};

struct ReadOptions {
  bool force = false;  // take a plugin of another stamp; `warning` then says so
  std::string* warning = nullptr;
};

// Reads what `entry` returns: ABI number, stamp, sizes, then the rest, of which only fields inside the
// stated sizes are read. The error names what is wrong, not the origin.
Result<Plugin> read_descriptor(PluginEntry entry, std::string origin, const ReadOptions& options = {});

// One paragraph for people: what the plugin offers, its capabilities, and its settings.
std::string describe(const Plugin& plugin);

}  // namespace penstock::plugins
