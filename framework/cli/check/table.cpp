#include "cli/check/table.hpp"

#include <algorithm>
#include <map>

#include "cli/replaced.hpp"
#include "config/text.hpp"
#include "config/units.hpp"
#include "conformance/capabilities.hpp"

namespace penstock::cli {
namespace {

using namespace conformance;

struct Named {
  std::uint32_t feature;
  const char* name;
};
constexpr Named kFeatures[] = {
    {kUnique, "Unique keys"},
    {kFair, "Fair keys"},
    {kGates, "Gates"},
    {kAfter, "Dependencies"},
    {kGuard, "Guard (conditional enqueue)"},
    {kChildren, "Children (enqueue in a settlement)"},
    {kLimit, "Queue limits"},
    {kStrictOrder, "Strict order (priority, weight, arrival)"},
};

std::string row(const std::string& name, const std::string& what) { return "| " + name + " | " + what + " |\n"; }

// Broken promises of which `about` holds.
template <class About>
std::size_t broken(const Report& report, About about) {
  std::map<std::string_view, const Promise*> known;
  for (const Promise& p : promises()) known[p.name] = &p;
  return static_cast<std::size_t>(std::ranges::count_if(report.outcomes, [&](const Outcome& o) {
    auto at = known.find(o.name);
    return o.verdict == Verdict::broken && at != known.end() && about(*at->second);
  }));
}

std::string claim(bool claimed, std::size_t broken) {
  if (!claimed) return "no";
  return broken == 0 ? "yes" : "claimed; " + std::to_string(broken) + " of its promises are broken";
}

std::string store_words(const Harness& h) {
  if (!h.survives_reopen) return "an object's own, gone with it";
  return h.shared ? "outlives its objects, and serves several at once"
                  : "outlives its object, and serves one at a time";
}

}  // namespace

std::string cell(std::string_view text) { return replaced(config::printable(text), "|", "\\|"); }

std::string capability_table(const Harness& harness, const Report& report) {
  auto backend = harness.open();
  const Properties p = backend->properties();
  std::string out = "| | |\n|---|---|\n";
  out += row("Durability", "`" + cell(p.durability ? p.durability : "") + "`");
  out += row("Store", store_words(harness));
  for (const auto& [feature, name] : kFeatures) {
    out += row(name, claim(p.features & feature,
                           broken(report, [f = feature](const Promise& q) { return (q.features & f) != 0; })));
  }
  for (std::string_view id : kBackendCapabilities) {
    out += row("`" + std::string(id) + "`", claim(backend->query(id) != nullptr, broken(report, [&](const Promise& q) {
                                                    return q.capability && q.capability == id;
                                                  })));
  }
  out += row("Batch", std::to_string(p.max_batch) + " items of each sort; " + std::to_string(p.in_flight) +
                          " exchanges at once");
  out += row("Largest body", std::to_string(p.max_body) + " octets");
  out += row("Ended ids are known", "for " + config::format_duration(p.remembers_ids) + " at least");
  out += row("Time", "in steps of " + config::format_duration(p.time_step) + ", by " +
                         (harness.jump_wall ? "the host's clock" : "a clock of its own"));
  out +=
      row("Conformance kit " PENSTOCK_VERSION, std::to_string(report.count(Verdict::kept)) + " promises kept, " +
                                                   std::to_string(report.count(Verdict::broken)) + " broken, " +
                                                   std::to_string(report.count(Verdict::unsupported)) + " not claimed");
  return out;
}

}  // namespace penstock::cli
