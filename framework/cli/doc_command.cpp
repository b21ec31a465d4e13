// penstock plugin doc: every setting, as a page.
#include <iostream>
#include <map>

#include "cli/setup.hpp"
#include "config/show.hpp"
#include "plugins/child.hpp"
#include "plugins/module.hpp"

namespace penstock::cli {
namespace {

// Text as it may stand in a doc_cell of a table.
std::string doc_cell(std::string_view text) {
  std::string out;
  for (char c : config::printable(text, 1000)) out += c == '|' ? "\\|" : std::string(1, c);
  return out;
}

std::string fallback_of(const Setting& s) {
  return s.fallback ? "`" + doc_cell(config::to_toml(s, config::fallback(s))) + "`" : "required";
}

std::string page(const plugins::Plugin& plugin) {
  std::string out = "# " + plugin.name + "\n";
  for (const plugins::ComponentInfo& c : plugin.components) {
    out += "\n## " + c.kind + (c.wrapper() ? " wrapper " : " ") + c.name + "\n\n" + config::printable(c.doc, 1000) +
           "\n\n";
    out +=
        c.settings.empty() ? "It has no settings.\n" : "| Setting | Takes | Default | Meaning |\n|---|---|---|---|\n";
    for (const Setting& s : c.settings) {
      out += "| `" + std::string(s.key) + "` | " + doc_cell(config::expected(s)) + " | " + fallback_of(s) + " | " +
             doc_cell(s.doc) + " |\n";
    }
  }
  return out;
}

Result<std::string> page_of(plugins::PluginHost& host, const Named& target) {
  return plugins::in_child([&]() -> Result<std::string> {
    auto plugin = target.module.empty() ? find_plugin(host, target.name) : host.open(target.module);
    if (!plugin) return plugin.error();
    return page(**plugin);
  });
}

}  // namespace

int plugin_doc(const Arguments& arguments) {
  auto options = options_here();
  if (!options) return fail(options.error());
  SilentHost silent;
  auto host = plugins::PluginHost::make(silent, *options);
  if (!host) return fail(host.error());
  if (!arguments.words.empty()) {
    auto target = module_or_name(arguments.words[0]);
    if (!target) return fail(target.error());
    auto text = page_of(**host, *target);
    if (!text) return fail(Error{Errc::unavailable, text.error().message});
    std::cout << *text;
    return kOk;
  }
  std::map<std::string, std::string> pages;
  for (const auto& plugin : (*host)->plugins()) pages.emplace(plugin->name, page(*plugin));
  for (const std::string& directory : (*host)->directories()) {
    for (const std::string& file : modules_in(directory)) {
      const std::string name = plugins::plugin_of_file(file);
      if (pages.contains(name)) continue;
      auto text = page_of(**host, {.module = file});
      if (text) pages.emplace(name, *text);  // `plugin list` says why others are refused
    }
  }
  bool first = true;
  for (const auto& [name, text] : pages) {
    std::cout << (first ? "" : "\n") << text;
    first = false;
  }
  return kOk;
}

}  // namespace penstock::cli
