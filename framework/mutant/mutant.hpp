// Faults that a test build can switch on, one at a time, to see that a test notices: `./dev mutants`.
//
//   if (task.epoch != said.epoch && !mutant("memory.settle.no_fence")) return Item::lease_lost;
//
// tests/mutants/mutants.toml says what each of them is, and which test must fail with it. A build without
// -Dmutants=enabled has none of this in it: the calls are constants.
#pragma once

#include <string>
#include <string_view>

#include <mutants.hpp>  // made of the table, or empty

#ifdef PENSTOCK_MUTANTS

#include <cstdio>
#include <cstdlib>

namespace penstock {

// The one that PENSTOCK_MUTANT names; empty: none.
inline std::string_view chosen_mutant() noexcept {
  static const std::string_view chosen = [] {
    const char* name = std::getenv("PENSTOCK_MUTANT");
    if (!name) return std::string_view();
    for (std::string_view known : kMutants) {
      if (known == name) return known;
    }
    std::fprintf(stderr, "PENSTOCK_MUTANT: there is no mutant %s\n", name);
    std::abort();
  }();
  return chosen;
}
inline bool mutant(std::string_view name) noexcept { return chosen_mutant() == name; }

// A script for a server, to be loaded: mutants of scripts are changes of their texts.
inline std::string script_text(std::string_view text) {
  std::string out(text);
  for (const ScriptMutant& m : kScriptMutants) {
    const std::size_t at = mutant(m.name) ? out.find(m.from) : std::string::npos;
    if (at != std::string::npos) out.replace(at, m.from.size(), m.to);
  }
  return out;
}

}  // namespace penstock

#else

namespace penstock {

consteval bool mutant(const char*) { return false; }
inline std::string script_text(std::string_view text) { return std::string(text); }

}  // namespace penstock

#endif
