// penstock verify: whether what the store holds agrees with itself.
#include <chrono>
#include <cstdio>

#include <penstock/manager.hpp>

#include "cli/commands.hpp"
#include "cli/flow_words.hpp"
#include "cli/setup.hpp"
#include "config/text.hpp"

namespace penstock::cli {
namespace {

constexpr std::uint32_t kMostNamed = 100;

void print(const Violation& v) {
  const std::string where = v.where.empty() ? "" : config::printable(v.where, 1000) + ": ";
  std::printf("%s: %s%s\n", config::printable(v.rule).c_str(), where.c_str(), config::printable(v.what, 1000).c_str());
}

}  // namespace

int verify(const Arguments& arguments) {
  return reported([&] {
    TaskManager tasks = open_to_look(file_of(arguments));
    auto* audit = query<Audit>(tasks.backend());
    if (!audit) return fail("backend \"" + tasks.options().backend.use + "\" cannot audit itself", kFailed);
    const auto start = std::chrono::steady_clock::now();
    const Audited seen = value_or_throw(audit->audit(kMostNamed));
    for (const Violation& v : seen.violations) print(v);
    if (seen.broken > seen.violations.size()) {
      std::printf("... and %llu more\n", static_cast<unsigned long long>(seen.broken - seen.violations.size()));
    }
    std::printf("%llu tasks in %s: %llu violation%s\n", static_cast<unsigned long long>(seen.tasks),
                time_words(std::chrono::steady_clock::now() - start).c_str(),
                static_cast<unsigned long long>(seen.broken), seen.broken == 1 ? "" : "s");
    return static_cast<int>(seen.broken == 0 ? kOk : kFailed);
  });
}

}  // namespace penstock::cli
