#include "conformance/harnesses.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <unistd.h>

#include <penstock/plugin/plugin.hpp>

#include "plugins/host.hpp"
#include "support/open_plugin.hpp"

#ifndef CONFORMANCE_MODULES
#include <penstock/builtin.hpp>
#endif

namespace penstock::conformance {

namespace {

using Settings = std::map<std::string, config::Written>;

// A clock moved by hand, a host that lends it, and the plugins: those linked in or, in the program that
// has none, modules of PENSTOCK_PLUGIN_PATH. Both are found as a program finds them.
struct Scene {
  Scene() {
    plugins::HostOptions options;
    options.installed.clear();
#ifdef CONFORMANCE_MODULES
    options.from_environment();
#else
    options.builtin = builtin_plugins();
#endif
    auto made = plugins::PluginHost::make(host, options);
    if (!made) throw std::runtime_error(made.error().message);
    plugins = std::move(made).value();
  }
  // With the wrappers around it, the outermost first, all with the settings that they have by themselves.
  std::unique_ptr<DurableBackend> open(const std::string& name, const Settings& settings,
                                       std::span<const std::string> wrappers) const {
    config::Section section;
    section.name = "backend." + name;
    section.values = settings;
    auto made = plugins->create(DurableBackend::kKind, name, section);
    for (auto wrapper = wrappers.rbegin(); made && wrapper != wrappers.rend(); ++wrapper) {
      made = plugins->wrap(DurableBackend::kKind, *wrapper, {}, std::move(made).value());
    }
    if (!made) throw std::runtime_error(made.error().message);
    return std::unique_ptr<DurableBackend>(static_cast<DurableBackend*>(std::move(made).value().release()));
  }
  // What query() answers of such a one.
  std::vector<std::string> capabilities(const std::string& name, std::span<const std::string> wrappers) const {
    std::vector<std::string> out;
    auto add = [&](const std::string& component, plugins::PluginHost::Role role) {
      auto found = plugins->find(DurableBackend::kKind, component, {}, role);
      if (!found) throw std::invalid_argument(found.error().message);
      const auto& more = found->component->capabilities;
      out.insert(out.end(), more.begin(), more.end());
    };
    add(name, plugins::PluginHost::Role::part);
    for (const std::string& wrapper : wrappers) add(wrapper, plugins::PluginHost::Role::wrapper);
    return out;
  }

  testing::ManualTime time;
  testing::TestHost host{&time};
  std::unique_ptr<plugins::PluginHost> plugins;
};

// A folder of its own, gone with the last harness that uses it.
struct Folder {
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "penstock-conformance-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no folder could be made from " + pattern);
    path = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  void empty() const {
    for (const auto& entry : std::filesystem::directory_iterator(path)) std::filesystem::remove_all(entry);
  }
  std::filesystem::path path;
};

using Wrappers = std::vector<std::string>;

Harness on(const std::string& name, const Settings& settings, const Wrappers& wrappers = {}) {
  auto scene = std::make_shared<Scene>();
  Harness h;
  h.open = [=] { return scene->open(name, settings, wrappers); };
  h.advance = [=](Millis by) { scene->time.advance(by); };
  h.jump_wall = [=](Millis by) { scene->time.jump_wall(by); };
  h.wall = [=] { return scene->time.wall(); };
  h.capabilities = scene->capabilities(name, wrappers);
  return h;
}

Harness on_file(const std::string& name, Settings settings, const Wrappers& wrappers = {}) {
  auto folder = std::make_shared<Folder>();
  settings["path"] = (folder->path / "store.db").string();
  Harness h = on(name, settings, wrappers);
  h.wipe = [=] { folder->empty(); };
  h.shared = h.survives_reopen = true;
  return h;
}

Harness on_sqlite(const std::string& durability, const Wrappers& wrappers = {}) {
  return on_file("sqlite", {{"durability", durability}}, wrappers);
}

// The example that was written outside.
Harness on_folder() {
  auto folder = std::make_shared<Folder>();
  Harness h = on("filesystem", {{"path", (folder->path / "store").string()}, {"sync", false}});
  h.wipe = [=] { folder->empty(); };
  h.shared = h.survives_reopen = true;
  return h;
}

using Make = Harness (*)();
struct Entry {
  const char *name, *backend;
  Make make;
};
constexpr Entry kTable[] = {
    {"memory", "memory", [] { return on("memory", {}); }},
    {"memory-wrapped", "memory",
     [] {
       return on("memory", {}, {"metrics", "fault"});
     }},
    {"sqlite-power", "sqlite", [] { return on_sqlite("power"); }},
    {"sqlite-process", "sqlite", [] { return on_sqlite("process"); }},
    {"filesystem", "filesystem", on_folder},
    {"sqlite-wrapped", "sqlite",
     [] {
       return on_sqlite("process", {"metrics", "fault"});
     }},
};

}  // namespace

std::vector<std::string> available() {
  std::vector<std::string> out;
  const Scene scene;
  for (const Entry& entry : kTable) {
    if (scene.plugins->find(DurableBackend::kKind, entry.backend)) out.emplace_back(entry.name);
  }
  return out;
}

Harness harness_for(const std::string& name) {
  for (const Entry& entry : kTable) {
    if (entry.name == name) return entry.make();
  }
  throw std::invalid_argument("no harness is called " + name);
}

}  // namespace penstock::conformance
