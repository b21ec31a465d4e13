// What is checked of a plugin, as a list: each case is a promise of the kit, or one about the module's file.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <penstock/conformance/report.hpp>

#include "cli/check/subject.hpp"

namespace penstock::cli {

struct Case {
  std::string name, text;
  std::function<conformance::Outcome()> run;  // in a child process; does not throw
};

// About the file, and what its descriptor tells. The first, "module.opens", is what all others need.
std::vector<Case> module_cases(const std::string& module);

// About one component. The first, "scene.is_set", is what all others need.
std::vector<Case> component_cases(const Target& target);

// Runs the cases in order, in as few child processes as will do: one that dies of a case, or takes longer than
// `limit` for it, breaks that case, and the next goes on in another. When the first case breaks, or too many
// processes have died, the rest is left out. `each` is told every outcome as it comes.
conformance::Report run_in_children(const std::vector<Case>& cases, Millis limit,
                                    const std::function<void(const conformance::Outcome&)>& each);

}  // namespace penstock::cli
