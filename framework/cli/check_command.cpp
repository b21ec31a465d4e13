// penstock plugin check: the conformance kit on a plugin, in child processes.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "cli/check/bench.hpp"
#include "cli/check/cases.hpp"
#include "cli/check/report.hpp"
#include "cli/check/scratch.hpp"
#include "cli/check/table.hpp"
#include "cli/setup.hpp"
#include "config/units.hpp"
#include "plugins/child.hpp"

namespace penstock::cli {
namespace {

using conformance::Outcome;
using conformance::Report;

// How a person wants it.
struct How {
  plugins::HostOptions here;  // where other plugins are
  Millis limit{};
  bool bench = true;
  std::string only;  // promises whose names begin so; empty: all
};

struct Described {
  std::string title;   // "acme 0.1.0 (/opt/libpenstock-acme.so)"
  std::string module;  // its file; empty: built in
  struct Component {
    std::string kind, name;
    bool wrapper = false;
    std::vector<std::string> keys;
  };
  std::vector<Component> components;
};

std::string described(const plugins::Plugin& plugin) {
  std::string out =
      plugin.name + " " + config::printable(plugin.version) + " (" + config::printable(plugin.origin, 4096) + ")";
  out += "\n" + (plugin.origin[0] == '/' ? plugin.origin : "");
  for (const plugins::ComponentInfo& c : plugin.components) {
    out += "\n" + c.kind + (c.wrapper() ? " wrapper " : " part ") + c.name;
    for (const Setting& s : c.settings) out += std::string(" ") + s.key;
  }
  return out;
}

Described parsed(const std::string& text) {
  Described out;
  std::istringstream lines(text);
  std::getline(lines, out.title);
  std::getline(lines, out.module);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    Described::Component c;
    std::string role;
    words >> c.kind >> role >> c.name;
    c.wrapper = role == "wrapper";
    for (std::string key; words >> key;) c.keys.push_back(key);
    out.components.push_back(std::move(c));
  }
  return out;
}

// Looks at the plugin in a child process.
Result<Described> describe(const Target& target) {
  auto text = plugins::in_child([&]() -> Result<std::string> {
    SilentHost silent;
    auto host = plugins::PluginHost::make(silent, target.where);
    if (!host) return host.error();
    if (!target.module.empty()) {
      auto plugin = (*host)->open(target.module);
      if (!plugin) return plugin.error();
      return described(**plugin);
    }
    auto plugin = find_plugin(**host, target.name);
    if (!plugin) return plugin.error();
    return described(**plugin);
  });
  if (!text) return text.error();
  return parsed(*text);
}

// "--set=KEY=VALUE": the value as TOML if it is that, else as a text.
Result<std::map<std::string, config::Written>> settings_of(const Arguments& arguments) {
  std::map<std::string, config::Written> out;
  for (const std::string& word : arguments.all("set")) {
    const std::string key = word.substr(0, word.find('='));
    if (key.size() == word.size() || key.empty())
      return Error{Errc::invalid, "--set: expected KEY=VALUE, got " + config::quoted(word)};
    const std::string value = word.substr(key.size() + 1);
    auto toml = config::parse("value = " + value, "--set");
    const bool plain = !toml || toml->values.size() != 1 || !toml->children.empty();
    out[key] = plain ? config::Written(value) : toml->values.begin()->second;
  }
  return out;
}

Result<void> check_keys(const Described& plugin, const std::map<std::string, config::Written>& settings) {
  std::vector<std::string_view> known;
  for (const auto& c : plugin.components) known.insert(known.end(), c.keys.begin(), c.keys.end());
  for (const auto& [key, value] : settings) {
    if (std::ranges::find(known, key) != known.end()) continue;
    return Error{Errc::invalid,
                 "--set: no component has a setting " + config::quoted(key) + config::suggestion(key, known)};
  }
  return {};
}

Report run_section(const std::string& title, const std::vector<Case>& cases, Millis limit) {
  SectionLines lines(title);
  return run_in_children(cases, limit, [&](const Outcome& o) { lines.add(o); });
}

// The settings that the component declares.
Target target_of(Target common, const Described::Component& c, const plugins::HostOptions& here) {
  common.kind = c.kind, common.name = c.name;
  common.wrapper = c.wrapper, common.others = here;
  std::erase_if(common.settings, [&](const auto& s) { return std::ranges::find(c.keys, s.first) == c.keys.end(); });
  return common;
}

void print_table(const Target& target, const Report& report) {
  auto table = plugins::in_child([&]() -> Result<std::string> {
    Subject subject(target, true);
    return capability_table(subject.harness(), report);
  });
  if (table) {
    std::cout << "\n" << *table;
  } else {
    std::cout << "\nno table: " << config::printable(table.error().message, 400) << "\n";
  }
}

void print_bench(const Target& target, const plugins::HostOptions& here) {
  std::vector<Target> backends = {target};
  for (const char* name : {"memory", "sqlite"}) {
    if (target.name == name) continue;
    Target other = target;
    other.where = here, other.module.clear(), other.settings.clear();
    other.kind = DurableBackend::kKind, other.name = name, other.wrapper = false;
    backends.push_back(std::move(other));
  }
  std::cout << "\n" << bench_table(backends);
}

// False: it cannot be opened, and there is nothing more to check.
bool check_module(const std::string& module, const How& how, Totals& totals) {
  const std::string title = std::filesystem::path(module).filename().string();
  const Report report = run_section(title, module_cases(module), how.limit);
  totals += totals_of(report);
  std::cout << remarks(report);
  return report.outcomes.size() > 1;
}

// An --only that means no promise at all is a slip of the hand.
Result<void> check_only(const std::vector<Target>& components, const std::string& only) {
  std::vector<Case> all = module_cases({});
  for (const Target& component : components) std::ranges::move(component_cases(component), std::back_inserter(all));
  if (std::ranges::any_of(all, [&](const Case& c) { return c.name.starts_with(only); })) return {};
  return Error{Errc::invalid, "--only: no promise begins with " + config::quoted(only)};
}

void check_component(const Target& target, const How& how, Totals& totals) {
  auto cases = component_cases(target);
  std::erase_if(cases, [&](const Case& c) { return c.name != "scene.is_set" && !c.name.starts_with(how.only); });
  const Report report = run_section(target.kind + (target.wrapper ? " wrapper " : " ") + target.name, cases, how.limit);
  totals += totals_of(report);
  std::cout << remarks(report);
  const bool whole = target.kind == DurableBackend::kKind && report.outcomes.size() > 1 && how.only.empty();
  if (whole) print_table(target, report);
  if (whole && how.bench) print_bench(target, how.here);
}

int check(const Target& common, const How& how) {
  Totals totals;
  if (common.module.empty() || check_module(common.module, how, totals)) {
    auto plugin = describe(common);
    if (!plugin) return fail(plugin.error());
    if (auto known = check_keys(*plugin, common.settings); !known) return fail(known.error());
    std::vector<Target> components;
    for (const auto& c : plugin->components) components.push_back(target_of(common, c, how.here));
    if (auto some = check_only(components, how.only); !some) return fail(some.error());
    if (common.module.empty() && !plugin->module.empty()) check_module(plugin->module, how, totals);
    for (const Target& component : components) check_component(component, how, totals);
    std::cout << "\n" << plugin->title;
  }
  std::cout << "\n"
            << totals.passed << " passed, " << totals.failed << " failed, " << totals.not_claimed << " not claimed\n";
  return totals.failed == 0 ? kOk : kFailed;
}

}  // namespace

int plugin_check(const Arguments& arguments) {
  auto limit = config::parse_duration(arguments.option("limit").value_or("60s"));
  if (!limit) return fail(Error{Errc::invalid, "--limit: " + limit.error().message});
  auto settings = settings_of(arguments);
  if (!settings) return fail(settings.error());
  auto named = module_or_name(arguments.words[0]);
  if (!named) return fail(named.error());
  auto here = options_here();
  if (!here) return fail(here.error());
  const Scratch scratch;
  Target common;
  common.module = named->module, common.name = named->name;
  common.where.installed.clear();  // a file: it alone
  if (common.module.empty()) common.where = *here;
  common.settings = std::move(*settings), common.folder = scratch.path();
  return check(common, {*here, *limit, !arguments.flag("--no-bench"), arguments.option("only").value_or("")});
}

}  // namespace penstock::cli
