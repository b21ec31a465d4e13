#include "plugins/plugin.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "config/show.hpp"

namespace penstock::plugins {
namespace {

// More than any honest plugin has: a descriptor beyond these is garbage.
constexpr std::size_t kMaxComponents = 256, kMaxSettings = 1024, kMaxCapabilities = 256, kMaxText = 64 << 10;

constexpr std::size_t kLeastDescriptor = offsetof(PluginDescriptor, components_count) + sizeof(std::size_t);
constexpr std::size_t kLeastComponent = offsetof(Component, create) + sizeof(void*);

Error refused(const std::string& what) { return Error{Errc::invalid, what}; }

std::string text(const char* s) { return s ? std::string(s, strnlen(s, kMaxText)) : ""; }

// A struct of ours as the module has it: longer ones are cut, missing fields keep their defaults.
template <class T>
T copy(const T* from, std::size_t size) {
  T out;
  std::memcpy(static_cast<void*>(&out), from, std::min(size, sizeof(T)));
  return out;
}

Result<ComponentInfo> read_component(const Component& c) {
  ComponentInfo out;
  out.kind = text(c.kind), out.name = text(c.name), out.doc = text(c.doc);
  out.create = c.create, out.wrap = c.wrap;
  std::string which = config::printable(out.kind) + " " + config::quoted(out.name);
  if (!config::component_name(out.kind) || !config::component_name(out.name)) {
    return refused("component " + which + ": kind and name must match [a-z][a-z0-9_]*");
  }
  if (!c.create && !c.wrap) return refused("component " + which + " has no create function");
  if (c.create && c.wrap) return refused("component " + which + " can be created and can wrap: it must be one of both");
  if (c.settings_count > kMaxSettings || (c.settings_count > 0 && !c.settings)) {
    return refused("component " + which + " has a broken settings table");
  }
  out.settings = {c.settings, c.settings_count};
  if (auto sound = config::check_table(out.settings); !sound) {
    return refused("component " + which + ": setting " + sound.error().message);
  }
  if (c.capabilities_count > kMaxCapabilities || (c.capabilities_count > 0 && !c.capabilities)) {
    return refused("component " + which + " has a broken list of capabilities");
  }
  for (std::size_t i = 0; i < c.capabilities_count; ++i) {
    out.capabilities.emplace_back(c.capabilities[i].substr(0, 256));
  }
  return out;
}

Result<void> read_components(const PluginDescriptor& d, Plugin& out) {
  if (d.components_count > kMaxComponents || (d.components_count > 0 && !d.components)) {
    return refused("the list of components is broken");
  }
  if (d.components_count == 0) return refused("it has no components");
  std::size_t stride = d.components->size;  // of the module's own Component
  if (stride < kLeastComponent || stride > 4096 || stride % alignof(Component) != 0) {
    return refused("a component is " + std::to_string(stride) + " octets, at least " + std::to_string(kLeastComponent) +
                   " are needed");
  }
  const char* at = reinterpret_cast<const char*>(d.components);
  for (std::size_t i = 0; i < d.components_count; ++i, at += stride) {
    auto component = read_component(copy(reinterpret_cast<const Component*>(at), stride));
    if (!component) return component.error();
    if (out.find(component->kind, component->name)) {
      return refused("component " + component->kind + " \"" + component->name + "\" is listed twice");
    }
    out.components.push_back(std::move(*component));
  }
  return {};
}

}  // namespace

const ComponentInfo* Plugin::find(std::string_view kind, std::string_view component) const noexcept {
  for (const ComponentInfo& c : components) {
    if (c.kind == kind && c.name == component) return &c;
  }
  return nullptr;
}

Result<Plugin> read_descriptor(PluginEntry entry, std::string origin, const ReadOptions& options) {
  const PluginDescriptor* raw = entry();
  if (!raw) return refused("its entry returns no descriptor");
  if (raw->abi != PENSTOCK_PLUGIN_ABI) {
    return refused("built for plugin ABI " + std::to_string(raw->abi) + ", this program has " +
                   std::to_string(PENSTOCK_PLUGIN_ABI));
  }
  if (raw->size < kLeastDescriptor) {
    return refused("its descriptor is " + std::to_string(raw->size) + " octets, at least " +
                   std::to_string(kLeastDescriptor) + " are needed");
  }
  PluginDescriptor d = copy(raw, raw->size);
  Plugin out;
  out.origin = std::move(origin), out.stamp = text(d.stamp);
  if (out.stamp != PENSTOCK_ABI_STAMP) {
    std::string what =
        "stamp \"" + config::printable(out.stamp, 300) + "\", this program has \"" PENSTOCK_ABI_STAMP "\"";
    if (!options.force) return refused(what);
    if (options.warning) *options.warning = what;
  }
  out.name = text(d.name), out.version = text(d.version), out.license = text(d.license);
  if (!config::component_name(out.name)) {
    return refused("its name " + config::quoted(out.name) + " does not match [a-z][a-z0-9_]*");
  }
  if (out.version.empty()) return refused("it states no version");
  if (auto read = read_components(d, out); !read) return read.error();
  return out;
}

std::string describe(const Plugin& plugin) {
  auto field = [](const char* name, const std::string& value) {
    return std::string(name) + config::printable(value, 4096) + "\n";
  };
  std::string out = field("plugin:  ", plugin.name) + field("version: ", plugin.version) +
                    field("license: ", plugin.license) + field("from:    ", plugin.origin) +
                    field("stamp:   ", plugin.stamp);
  for (const ComponentInfo& c : plugin.components) {
    out += "\n# " + c.kind + (c.wrapper() ? " wrapper " : " ") + c.name + ": " + config::printable(c.doc, 1000) + "\n";
    for (const std::string& id : c.capabilities)
      out += std::string("# ") + (c.wrapper() ? "adds " : "offers ") + config::printable(id) + "\n";
    config::Section section;
    section.name = c.kind + "." + c.name;
    out += config::show(c.settings, section);
  }
  return out;
}

}  // namespace penstock::plugins
