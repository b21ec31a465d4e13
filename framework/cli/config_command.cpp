// penstock config check, penstock config show. Both may open modules, and do so in a child process.
#include <algorithm>
#include <iostream>

#include <penstock/builtin.hpp>
#include <penstock/plugin/codec.hpp>

#include "cli/setup.hpp"
#include "config/show.hpp"
#include "plugins/child.hpp"

namespace penstock::cli {
namespace {

// One component that a config uses, and the key that says so.
struct Use {
  std::string kind, name, module, table, key;
  plugins::PluginHost::Role role = plugins::PluginHost::Role::part;
  std::size_t place = 0;  // in the list that the key holds
};

std::vector<Use> uses(const config::Loaded& loaded) {
  std::vector<Use> out;
  auto one = [&](const char* kind) {
    const config::Values& table = loaded.table(kind);
    const std::string name(table.text("use"));
    if (!name.empty()) out.push_back({kind, name, std::string(table.text("module")), kind, "use"});
    for (const std::string& wrapper : table.list("wrap")) {
      out.push_back({kind, wrapper, "", kind, "wrap", plugins::PluginHost::Role::wrapper});
    }
  };
  one("backend");
  for (const char* key : {"use", "also"}) {
    std::size_t place = 0;
    for (const std::string& name : loaded.table("codec").list(key)) {
      out.push_back({.kind = "codec", .name = name, .module = "", .table = "codec", .key = key, .place = place++});
    }
  }
  one("limiter");
  one("tracer");
  return out;
}

Error in_place(const config::Loaded& loaded, const Use& use, const Error& error) {
  return {error.code, loaded.error(use.table, use.key, error.message).message};
}

Result<void> check_chain(const Use& use, const plugins::ComponentInfo& component, const config::Loaded& loaded) {
  if (use.kind != "codec" || use.key != "use") return {};
  const bool transform = std::ranges::find(component.capabilities, Transform::kId) != component.capabilities.end();
  const std::string wrong = config::misplaced_codec(use.name, use.place == 0, transform);
  return wrong.empty() ? Result<void>() : loaded.error(use.table, use.key, wrong);
}

// A module of handlers is called as its plugin is.
Result<plugins::PluginHost::Found> handlers(plugins::PluginHost& host, const std::string& module) {
  if (module[0] != '/') return host.find("handlers", module);
  auto opened = host.open(module);
  if (!opened) return opened.error();
  return host.find("handlers", (*opened)->name, module);
}

// Checks the sections of all components in use, and calls `each` with every one of them.
template <class Each>
Result<void> visit(const config::Loaded& loaded, plugins::PluginHost& host, Each each) {
  for (const Use& use : uses(loaded)) {
    auto found = host.find(use.kind, use.name, use.module, use.role);
    if (!found) return in_place(loaded, use, found.error());
    config::Section section = loaded.component(use.kind, use.name);
    auto values = config::check(found->component->settings, section);
    if (!values) return values.error();
    if (auto placed = check_chain(use, *found->component, loaded); !placed) return placed.error();
    each(*found->component, section);
  }
  for (const std::string& module : loaded.table("worker").list("handlers")) {
    const Use use{"handlers", module, "", "worker", "handlers"};
    auto found = handlers(host, module);
    if (!found) return in_place(loaded, use, found.error());
    config::Section section = loaded.component("handlers", found->component->name);
    auto values = config::check(found->component->settings, section);
    if (!values) return values.error();
    each(*found->component, section);
  }
  return {};
}

template <class Each>
Result<void> visit(const config::Loaded& loaded, Each each) {
  SilentHost silent;
  auto host = plugins::PluginHost::make(silent, host_options(loaded));
  if (!host) return host.error();
  return visit(loaded, **host, each);
}

std::string show_core(const config::Loaded& loaded) {
  std::string out;
  for (const config::Table& table : config::core_tables()) {
    if (table.settings.empty()) continue;
    out += std::string(out.empty() ? "" : "\n") + "# " + table.doc + "\n";
    out += config::show(table.settings, loaded.root.child(std::string(table.name)));
    if (table.name != "worker") continue;
    out += "\n# Queues that this worker serves, and their weights; \"*\" stands for all others.\n[worker.queues]\n";
    for (const auto& [name, weight] : loaded.queues) out += '"' + name + "\" = " + std::to_string(weight) + "\n";
  }
  for (const auto& [name, limit] : loaded.limits) {
    out += "\n# What \"" + config::printable(name, 400) + "\" lets through, in all processes.\n";
    out += config::show(config::limit_settings(), loaded.root.child("limits").child(name));
  }
  return out;
}

Result<std::string> show_file(const std::string& file) {
  auto loaded = config::load(file);
  if (!loaded) return loaded.error();
  std::string out = show_core(*loaded);
  auto visited = visit(*loaded, [&](const plugins::ComponentInfo& component, const config::Section& section) {
    if (!component.settings.empty())
      out += "\n# " + config::printable(component.doc, 1000) + "\n" + config::show(component.settings, section);
  });
  if (!visited) return visited.error();
  return out;
}

Result<std::string> show_defaults() {
  auto loaded = config::check_core({});
  if (!loaded) return loaded.error();
  SilentHost silent;
  auto host = plugins::PluginHost::make(silent, host_options(*loaded));
  if (!host) return host.error();
  std::string out = show_core(*loaded);
  for (const auto& plugin : (*host)->plugins()) {
    for (const plugins::ComponentInfo& component : plugin->components) {
      config::Section section;
      section.name = component.kind + "." + component.name;
      if (component.settings.empty()) continue;
      out += "\n# " + config::printable(component.doc, 1000) + "\n" + config::show(component.settings, section);
    }
  }
  return out;
}

}  // namespace

int config_check(const Arguments& arguments) {
  std::string file = file_of(arguments);
  auto checked = plugins::in_child([&]() -> Result<std::string> {
    auto loaded = config::load(file);
    if (!loaded) return loaded.error();
    auto visited = visit(*loaded, [](const plugins::ComponentInfo&, const config::Section&) {});
    if (!visited) return visited.error();
    return std::string();
  });
  if (!checked) return fail(Error{Errc::invalid, checked.error().message});
  std::cout << file << ": ok\n";
  return kOk;
}

int config_show(const Arguments& arguments) {
  if (arguments.flag("--defaults") && !arguments.words.empty()) {
    return fail("config show: --defaults is about no file; leave FILE out", kUsage);
  }
  auto text =
      plugins::in_child([&] { return arguments.flag("--defaults") ? show_defaults() : show_file(file_of(arguments)); });
  if (!text) return fail(Error{Errc::invalid, text.error().message});
  std::cout << *text;
  return kOk;
}

}  // namespace penstock::cli
