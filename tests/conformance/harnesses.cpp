#include "conformance/harnesses.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <unistd.h>

#include <penstock/plugin/plugin.hpp>

#include "support/open_plugin.hpp"

#ifdef CONFORMANCE_HAS_MEMORY
extern "C" const penstock::PluginDescriptor* penstock_plugin_0_memory() noexcept;
#endif
#ifdef CONFORMANCE_HAS_SQLITE
extern "C" const penstock::PluginDescriptor* penstock_plugin_0_sqlite() noexcept;
#endif

namespace penstock::conformance {

namespace {

using Written = std::map<std::string, config::Written>;

// A clock moved by hand and a host that lends it.
struct Scene {
  testing::ManualTime time;
  testing::TestHost host{&time};
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

Harness on(PluginEntry entry, const std::string& component, const Written& settings) {
  auto scene = std::make_shared<Scene>();
  Harness h;
  h.open = [=] { return testing::open_component<DurableBackend>(entry, component, scene->host, settings); };
  h.advance = [=](Millis by) { scene->time.advance(by); };
  h.jump_wall = [=](Millis by) { scene->time.jump_wall(by); };
  h.wall = [=] { return scene->time.wall(); };
  const PluginDescriptor& plugin = *entry();
  for (std::size_t i = 0; i < plugin.components_count; ++i) {
    const Component& c = plugin.components[i];
    if (c.name == component) h.capabilities.emplace(c.capabilities, c.capabilities + c.capabilities_count);
  }
  return h;
}

[[maybe_unused]] Harness on_file(PluginEntry entry, const std::string& component, Written settings) {
  auto folder = std::make_shared<Folder>();
  settings["path"] = (folder->path / "store.db").string();
  Harness h = on(entry, component, settings);
  h.wipe = [=] { folder->empty(); };
  h.shared = h.survives_reopen = true;
  return h;
}

using Make = Harness (*)();
const std::map<std::string, Make>& table() {
  static const std::map<std::string, Make> made = {
#ifdef CONFORMANCE_HAS_MEMORY
      {"memory", [] { return on(penstock_plugin_0_memory, "memory", {}); }},
#endif
#ifdef CONFORMANCE_HAS_SQLITE
      {"sqlite-power",
       [] {
         return on_file(penstock_plugin_0_sqlite, "sqlite", {{"durability", std::string("power")}});
       }},
      {"sqlite-process",
       [] {
         return on_file(penstock_plugin_0_sqlite, "sqlite", {{"durability", std::string("process")}});
       }},
#endif
  };
  return made;
}

}  // namespace

std::vector<std::string> linked() {
  std::vector<std::string> out;
  for (const auto& [name, make] : table()) out.push_back(name);
  return out;
}

Harness harness_for(const std::string& name) {
  const auto found = table().find(name);
  if (found == table().end()) throw std::invalid_argument("no backend " + name + " is linked in");
  return found->second();
}

}  // namespace penstock::conformance
