// A config file: whatever it says, the answer is what it means or one line.
#include <chrono>

#include "config/core.hpp"
#include "config/show.hpp"
#include "config/values.hpp"
#include "fuzz/fuzz.hpp"

namespace penstock::fuzz {
namespace {

// One of each kind.
constexpr Setting kKinds[] = {{"flag", Kind::boolean, "false", "a"},
                              {"whole", Kind::integer, "1", "a", -5, 5},
                              {"real", Kind::number, "1.5", "a", -5, 5},
                              {"wait", Kind::duration, "1s", "a", 0, 60'000},
                              {"room", Kind::size, "1KiB", "a", 1, 1 << 20},
                              {"pace", Kind::rate, "1/s", "a", 0, 100},
                              {"words", Kind::string, "", "a"},
                              {"form", Kind::choice, "b", "a", 0, 0, "a|b"},
                              {"some", Kind::list, "a,b", "a"},
                              {"word", Kind::secret, "", "a"}};

void settings(const config::Section& component) {
  for (const auto& [key, value] : component.values) {
    const auto* text = std::get_if<std::string>(&value);
    if (text && text->starts_with("file:")) return;  // any file might be read, and some never end
  }
  static const bool sound = static_cast<bool>(config::check_table(kKinds));
  demand(sound, "a sound table");
  const auto values = config::Values::check(kKinds, component.values);
  if (!values) return demand(one_line(values.error().message), "an error of a setting is one line");
  demand(values->integer("whole") >= -5 && values->integer("whole") <= 5, "a number within its range");
  demand(values->duration("wait") <= std::chrono::minutes(1), "a time within its range");
}

}  // namespace
}  // namespace penstock::fuzz

void penstock::fuzz::take(std::string_view input) {
  auto root = config::parse(input, "penstock.toml");
  if (!root) return demand(one_line(root.error().message), "an error of parse is one line");
  const auto loaded = config::check_core(*std::move(root));
  if (!loaded) return demand(one_line(loaded.error().message), "an error of check_core is one line");
  for (const auto& [name, component] : loaded->root.child("backend").children) settings(component);
  // What was understood is written as it was understood.
  for (const config::Table& table : config::core_tables()) {
    if (table.components) continue;
    const std::string name(table.name);
    const std::string shown = config::show(table.settings, loaded->root.child(name));
    if (shown.find("***") != std::string::npos) continue;  // a secret
    auto again = config::parse(shown, "shown.toml");
    demand(static_cast<bool>(again), "what show writes can be parsed");
  }
}
