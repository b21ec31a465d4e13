// penstock explain: how tasks of a kind are treated, and which said so.
#include <iostream>

#include <penstock/manager.hpp>

#include "cli/commands.hpp"
#include "cli/flow_words.hpp"
#include "cli/setup.hpp"

namespace penstock::cli {

int explain(const Arguments& arguments) {
  return reported([&] {
    const std::string file = config_of(arguments);
    Options options = read_config(file);
    if (options.handler_modules.empty()) {
      return fail("worker.handlers in " + file + " names no handler module, so no kind is known", kUsage);
    }
    TaskManager tasks = open_to_look(std::move(options));
    const Explanation said = tasks.explain(arguments.words[0]);
    std::cout << "kind " << said.kind << "\n";
    for (const Explained& e : said.settings) {
      std::cout << padded(e.name, 13) << padded(config::printable(e.value), 11) << name(e.by)
                << (e.place.empty() ? "" : ", " + config::printable(e.place, 4096)) << "\n";
    }
    std::cout << "An enqueue may say otherwise for its own task.\n\nqueue " << said.queue << " in the store: ";
    if (!said.limits) {
      std::cout << "backend \"" << tasks.options().backend.use << "\" has no gates\n";
    } else {
      std::cout << (said.limits->empty() ? "" : "\n") << table(*said.limits);
    }
    return static_cast<int>(kOk);
  });
}

}  // namespace penstock::cli
