#include <algorithm>

#include "cli/check/cases.hpp"
#include "config/text.hpp"
#include "conformance/judge.hpp"
#include "plugins/module.hpp"
#include "plugins/symbols.hpp"

namespace penstock::cli {
namespace {

using namespace conformance;
using plugins::Plugin;
using plugins::Symbols;

std::string first_of(const std::vector<std::string>& names) {
  return names.empty() ? "none" : config::printable(names.front()) + (names.size() > 1 ? " and others" : "");
}

Plugin opened(const std::string& module) { return must(plugins::open_module(module), "opening it"); }
Symbols symbols(const std::string& module) { return must(plugins::read_symbols(module), "reading its symbols"); }

bool has(const std::vector<std::string>& names, std::string_view part) {
  return std::ranges::any_of(names, [&](const std::string& name) { return name.find(part) != name.npos; });
}

struct Rule {
  const char *name, *text;
  void (*check)(const std::string& module);
};
constexpr Rule kRules[] = {
    {"module.opens", "The module is loaded, its ABI number and stamp are this program's, and its descriptor is sound.",
     [](const std::string& module) {
       auto made = plugins::open_module(module);
       if (!made) throw Broken{made.error().message};
     }},
    {"module.exports_its_entry_only", "Nothing but the entry is seen by others, so that nothing can clash.",
     [](const std::string& module) {
       const Symbols all = symbols(module);
       std::vector<std::string> others;
       for (const std::string& name : all.exported) {
         if (name.rfind("penstock_plugin_", 0) != 0) others.push_back(name);
       }
       if (!others.empty()) {
         throw Broken{std::to_string(others.size()) + " symbols besides its entry are exported, such as " +
                      first_of(others) + "; link with a version script, as the template does"};
       }
     }},
    {"module.has_no_unique_symbols", "No symbol is one for the whole process, and so shared with others of its name.",
     [](const std::string& module) {
       const Symbols all = symbols(module);
       holds(all.unique.empty(), "no unique symbols, not " + first_of(all.unique));
     }},
    {"module.links_nothing_of_the_host",
     "Headers are all it takes of Penstock, so that the host may be linked in any way.",
     [](const std::string& module) {
       const Symbols all = symbols(module);
       std::vector<std::string> ours;
       std::ranges::copy_if(all.undefined, std::back_inserter(ours),
                            [](const std::string& s) { return s.find("8penstock") != s.npos; });
       holds(ours.empty(), "no undefined symbol of Penstock's, not " + first_of(ours));
       holds(!has(all.needed, "libpenstock"), "no library of Penstock's among those it needs");
     }},
    {"module.shares_the_standard_library",
     "The C++ library is the process's: with one of its own, errors could not be caught.",
     [](const std::string& module) {
       const Symbols all = symbols(module);
       holds(has(all.needed, "libstdc++") || has(all.needed, "libc++"),
             "a C++ library among those it needs: " + text(all.needed));
     }},
    {"module.is_documented", "A licence is named, and every component says in a sentence what it is.",
     [](const std::string& module) {
       const Plugin plugin = opened(module);
       holds(!plugin.license.empty(), "a licence");
       for (const auto& c : plugin.components) holds(!c.doc.empty(), "a sentence about " + c.kind + " " + text(c.name));
     }},
    {"module.has_known_kinds", "Every component is of a kind that this program knows.",
     [](const std::string& module) {
       constexpr std::string_view kKnownKinds[] = {"backend", "codec", "limiter", "tracer", "handlers"};
       for (const auto& c : opened(module).components) {
         holds(std::ranges::find(kKnownKinds, c.kind) != std::end(kKnownKinds), "a known kind, not " + text(c.kind));
       }
     }},
};

}  // namespace

std::vector<Case> module_cases(const std::string& module) {
  std::vector<Case> out;
  for (const Rule& rule : kRules) {
    out.push_back(
        {rule.name, rule.text, [&rule, module] { return judge(rule.name, rule.text, [&] { rule.check(module); }); }});
  }
  return out;
}

}  // namespace penstock::cli
