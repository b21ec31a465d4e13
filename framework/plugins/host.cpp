#include "plugins/host.hpp"

#include <algorithm>
#include <cstdlib>

#include "config/text.hpp"
#include "plugins/elf.hpp"
#include "plugins/module.hpp"

namespace penstock::plugins {
namespace {

Result<void> check_directory(const std::string& directory, const char* source) {
  if (!directory.empty() && directory[0] == '/') return {};
  return Error{Errc::invalid,
               std::string(source) + ": expected absolute directories, got " + config::quoted(directory)};
}

// Of a component that is not there; which file wanted it is all that is known of the place.
Error in_file(const config::Section& settings, const Error& error) {
  return {error.code, (settings.file.empty() ? "" : settings.file + ": ") + error.message};
}

std::string capabilities(const ComponentInfo& component) {
  std::string out;
  for (const std::string& id : component.capabilities) out += (out.empty() ? "" : ", ") + config::printable(id);
  return out;
}

}  // namespace

const char* HostOptions::default_directory() noexcept { return PENSTOCK_PLUGINDIR; }

HostOptions& HostOptions::from_environment() {
  if (const char* listed = std::getenv("PENSTOCK_PLUGIN_PATH")) environment_path = listed;
  const char* forced = std::getenv("PENSTOCK_PLUGIN_FORCE");
  force = forced && std::string_view(forced) == "1";
  return *this;
}

Result<std::unique_ptr<PluginHost>> PluginHost::make(penstock::Host& host, HostOptions options) {
  std::unique_ptr<PluginHost> out(new PluginHost(host, std::move(options)));
  if (auto added = out->add_directories(); !added) return added.error();
  if (auto added = out->add_builtin(); !added) return added.error();
  return out;
}

Result<void> PluginHost::add_directories() {
  for (const std::string& directory : options_.path) {
    if (auto good = check_directory(directory, "plugins.path"); !good) return good;
    directories_.push_back(directory);
  }
  std::string_view rest = options_.environment_path;
  for (bool more = !rest.empty(); more;) {
    std::size_t colon = rest.find(':');
    std::string directory(rest.substr(0, colon));
    if (auto good = check_directory(directory, "PENSTOCK_PLUGIN_PATH"); !good) return good;
    directories_.push_back(std::move(directory));
    more = colon != std::string_view::npos;
    if (more) rest.remove_prefix(colon + 1);
  }
  if (!options_.installed.empty()) directories_.push_back(options_.installed);
  return {};
}

Result<void> PluginHost::add_builtin() {
  for (PluginEntry entry : options_.builtin) {
    auto plugin = read_descriptor(entry, "built in");
    if (!plugin) return Error{Errc::invalid, "a built-in plugin is refused: " + plugin.error().message};
    if (by_name(plugin->name)) return Error{Errc::invalid, "two built-in plugins are called \"" + plugin->name + "\""};
    plugins_.push_back(std::make_unique<const Plugin>(std::move(*plugin)));
  }
  return {};
}

const Plugin* PluginHost::by_name(std::string_view name) const noexcept {
  auto at = std::find_if(plugins_.begin(), plugins_.end(), [&](const auto& p) { return p->name == name; });
  return at == plugins_.end() ? nullptr : at->get();
}

Result<const Plugin*> PluginHost::open(const std::string& path) {
  auto refused = [&](const std::string& what) {
    return Error{Errc::invalid, config::printable(path, 4096) + ": " + what};
  };
  struct stat info {};
  bool exists = ::stat(path.c_str(), &info) == 0;
  auto loaded = files_.find({info.st_dev, info.st_ino});
  if (exists && loaded != files_.end()) return loaded->second;
  std::string name = exists ? plugin_of_file(path) : "";
  if (!name.empty() && !options_.allow.empty() && std::ranges::find(options_.allow, name) == options_.allow.end()) {
    return Error{Errc::permission, config::printable(path, 4096) + ": plugin \"" + name + "\" is not in plugins.allow"};
  }
  // A second copy of a plugin in one process would have two definitions of everything in it.
  if (const Plugin* other = by_name(name)) {
    return refused("a plugin called \"" + name + "\" is here already: " + other->origin);
  }
  std::string warning;
  auto plugin = open_module(path, {options_.force, &warning});
  if (!plugin) return plugin.error();
  if (!warning.empty()) host_.log(Level::warn, path + ": loaded by force: " + warning);
  plugins_.push_back(std::make_unique<const Plugin>(std::move(*plugin)));
  files_[{info.st_dev, info.st_ino}] = plugins_.back().get();
  return plugins_.back().get();
}

Result<PluginHost::Found> PluginHost::find(std::string_view kind, std::string_view name, const std::string& module,
                                           Role role) {
  auto found = look(kind, name, module, role);
  if (!found || found->component->wrapper() == (role == Role::wrapper)) return found;
  const std::string what = std::string(kind) + " " + config::quoted(name);
  const std::string table = std::string(kind);
  return Error{Errc::invalid, role == Role::part ? what + " is a wrapper: it goes into " + table +
                                                       ".wrap, around what " + table + ".use names"
                                                 : what + " is no wrapper: it goes into " + table + ".use"};
}

Result<PluginHost::Found> PluginHost::look(std::string_view kind, std::string_view name, const std::string& module,
                                           Role role) {
  std::string wanted = std::string(kind) + (role == Role::wrapper ? " wrapper " : " ") + config::quoted(name);
  if (!config::component_name(name)) return Error{Errc::invalid, wanted + ": names match [a-z][a-z0-9_]*"};
  if (!module.empty()) {
    auto plugin = open(module);
    if (!plugin) return Error{plugin.error().code, wanted + ": " + plugin.error().message};
    if (const ComponentInfo* component = (*plugin)->find(kind, name)) return Found{*plugin, component};
    return Error{Errc::not_found, wanted + ": " + module + ": has no such component"};
  }
  std::vector<std::string_view> known;
  for (const auto& plugin : plugins_) {
    if (const ComponentInfo* component = plugin->find(kind, name)) return Found{plugin.get(), component};
    for (const ComponentInfo& component : plugin->components)
      if (component.kind == kind && component.wrapper() == (role == Role::wrapper)) known.push_back(component.name);
  }
  std::string tried = known.empty() ? "built in: nothing" : "built in:";
  for (std::string_view other : known) tried += " " + config::printable(other);
  for (const std::string& directory : directories_) {
    std::string path = directory + "/" + file_of_plugin(std::string(name));
    auto plugin = open(path);
    if (plugin) {
      if (const ComponentInfo* component = (*plugin)->find(kind, name)) return Found{*plugin, component};
      return Error{Errc::not_found, wanted + ": " + path + ": has no such component"};
    }
    // A file that is there and is refused ends the search: another one of the name must not step in.
    if (plugin.error().code != Errc::not_found)
      return Error{plugin.error().code, wanted + ": " + plugin.error().message};
    tried += "; " + plugin.error().message;
  }
  return Error{Errc::not_found, wanted + " is not to be found; tried " + tried + config::suggestion(name, known)};
}

Result<std::unique_ptr<Interface>> PluginHost::create(std::string_view kind, std::string_view name,
                                                      const config::Section& settings, const std::string& module) {
  auto found = find(kind, name, module);
  if (!found) return in_file(settings, found.error());
  return make(*found, settings, nullptr);
}

Result<std::unique_ptr<Interface>> PluginHost::wrap(std::string_view kind, std::string_view name,
                                                    const config::Section& settings, std::unique_ptr<Interface> inner,
                                                    const std::string& module) {
  auto found = find(kind, name, module, Role::wrapper);
  if (!found) return in_file(settings, found.error());
  return make(*found, settings, std::move(inner));
}

// With `inner` for wrappers, without for the others.
Result<std::unique_ptr<Interface>> PluginHost::make(const Found& found, const config::Section& settings,
                                                    std::unique_ptr<Interface> inner) {
  const ComponentInfo& component = *found.component;
  auto values = config::check(component.settings, settings);
  if (!values) return values.error();
  const std::string what = component.kind + (component.wrapper() ? " wrapper '" : " '") + component.name + "'";
  Error error{Errc::internal, ""};
  std::unique_ptr<Interface> made(component.wrapper() ? component.wrap(host_, *values, inner.release(), error)
                                                      : component.create(host_, *values, error));
  if (!made) {
    std::string why =
        error.message.empty() ? "it was not created, and no reason was given" : config::printable(error.message, 1000);
    // An error that is about a setting gets its place in the file.
    std::string_view key = std::string_view(why).substr(0, why.find(": "));
    if (key.size() < why.size() &&
        std::ranges::find(component.settings, key, &Setting::key) != component.settings.end()) {
      return Error{error.code, settings.error(key, why.substr(key.size() + 2)).message, error.retryable};
    }
    return Error{error.code, what + ": " + why, error.retryable};
  }
  host_.log(Level::info, what + " " + config::printable(found.plugin->version) + " from " + found.plugin->origin +
                             " [" + capabilities(component) + "]");
  return made;
}

}  // namespace penstock::plugins
