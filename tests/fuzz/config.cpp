// A config file: whatever it says, the answer is what it means or one line.
#include "config/core.hpp"
#include "config/show.hpp"
#include "fuzz/fuzz.hpp"

void penstock::fuzz::take(std::string_view input) {
  auto root = config::parse(input, "penstock.toml");
  if (!root) return demand(one_line(root.error().message), "an error of parse is one line");
  const auto loaded = config::check_core(*std::move(root));
  if (!loaded) return demand(one_line(loaded.error().message), "an error of check_core is one line");
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
