// Runs cases in child processes and gathers what they say.
#include <charconv>

#include "cli/check/cases.hpp"
#include "config/text.hpp"
#include "plugins/child.hpp"

namespace penstock::cli {
namespace {

using namespace conformance;

constexpr int kMostDeaths = 50, kMostLate = 3;
constexpr std::size_t kMostDetail = 2000;

// An outcome on one line: verdict, milliseconds, detail.
std::string packed(const Outcome& o) {
  return std::to_string(static_cast<int>(o.verdict)) + " " + std::to_string(static_cast<long long>(o.seconds * 1000)) +
         " " + config::printable(o.detail, kMostDetail);
}

Outcome unpacked(const Case& c, std::string_view line) {
  Outcome out{.name = c.name, .text = c.text};
  int verdict = 0;
  long long ms = 0;
  const char* end = line.data() + line.size();
  auto at = std::from_chars(line.data(), end, verdict);
  if (at.ptr != end) at = std::from_chars(at.ptr + 1, end, ms);
  out.verdict = static_cast<Verdict>(verdict);
  out.seconds = static_cast<double>(ms) / 1000;
  if (at.ptr != end) out.detail.assign(at.ptr + 1, end);
  return out;
}

Outcome broken_by(const Case& c, const Error& error) {
  return {.name = c.name, .text = c.text, .verdict = Verdict::broken, .detail = error.message};
}

}  // namespace

Report run_in_children(const std::vector<Case>& cases, Millis limit, const std::function<void(const Outcome&)>& each) {
  Report report;
  auto add = [&](Outcome outcome) {
    report.outcomes.push_back(std::move(outcome));
    each(report.outcomes.back());
  };
  auto usable = [&] { return report.outcomes.empty() || report.outcomes.front().verdict == Verdict::kept; };
  int deaths = 0, late = 0;
  while (report.outcomes.size() < cases.size() && usable()) {
    if (deaths == kMostDeaths || late == kMostLate) {
      add({"check.goes_on", "The rest is checked.", Verdict::broken,
           "given up after " + std::to_string(deaths + late) + " processes; " +
               std::to_string(cases.size() - report.outcomes.size()) + " promises were not checked"});
      break;
    }
    const std::size_t first = report.outcomes.size();
    auto done = plugins::hear_child(
        [&](const plugins::Say& say) {
          for (std::size_t i = first; i < cases.size(); ++i) {
            const Outcome outcome = cases[i].run();
            say(packed(outcome));
            if (i == 0 && outcome.verdict != Verdict::kept) return;
          }
        },
        [&](std::string_view line) { add(unpacked(cases[report.outcomes.size()], line)); }, limit);
    if (done) continue;
    ++(done.error().code == Errc::unavailable ? late : deaths);
    if (report.outcomes.size() < cases.size()) add(broken_by(cases[report.outcomes.size()], done.error()));
  }
  return report;
}

}  // namespace penstock::cli
