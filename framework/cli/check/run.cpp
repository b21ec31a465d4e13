// Runs cases in child processes and gathers what they say.
#include <charconv>
#include <optional>

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

// Takes a number and the space behind it off the front.
std::optional<std::uint64_t> number(std::string_view& line) {
  std::uint64_t out = 0;
  const auto [at, wrong] = std::from_chars(line.data(), line.data() + line.size(), out);
  if (wrong != std::errc() || at == line.data() + line.size() || *at != ' ') return {};
  line.remove_prefix(static_cast<std::size_t>(at - line.data()) + 1);
  return out;
}

// Nothing for what packed() does not make: the module under check can write into the pipe too.
std::optional<Outcome> unpacked(const Case& c, std::string_view line) {
  const auto verdict = number(line);
  const auto ms = verdict ? number(line) : std::nullopt;
  if (!ms || *verdict > static_cast<std::uint64_t>(Verdict::unsupported)) return {};
  return Outcome{c.name, c.text, static_cast<Verdict>(*verdict), std::string(line), static_cast<double>(*ms) / 1000};
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
  auto left = [&] { return usable() ? cases.size() - report.outcomes.size() : 0; };
  auto hear = [&](std::string_view line) -> Result<void> {
    auto outcome = left() > 0 ? unpacked(cases[report.outcomes.size()], line) : std::nullopt;
    if (!outcome) return Error{Errc::internal, "what came is no verdict: " + config::quoted(line)};
    add(std::move(*outcome));
    return {};
  };
  int deaths = 0, late = 0;
  while (left() > 0) {
    if (deaths == kMostDeaths || late == kMostLate) {
      add({"check.goes_on", "The rest is checked.", Verdict::broken,
           "given up after " + std::to_string(deaths + late) + " processes; " + std::to_string(left()) +
               " promises were not checked"});
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
        hear, limit);
    if (done && left() > 0) done = Error{Errc::internal, "the process that opened it ended before its verdict"};
    if (done) continue;
    ++(done.error().code == Errc::unavailable ? late : deaths);
    if (left() > 0) {
      add(broken_by(cases[report.outcomes.size()], done.error()));
    } else {
      add({"check.ends", "Nothing comes after the last verdict.", Verdict::broken, done.error().message});
      break;
    }
  }
  return report;
}

}  // namespace penstock::cli
