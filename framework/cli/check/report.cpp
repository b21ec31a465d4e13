#include "cli/check/report.hpp"

#include <cstdio>
#include <map>

#include "config/text.hpp"

namespace penstock::cli {

using conformance::Outcome;
using conformance::Report;
using conformance::Verdict;

void Totals::add(Verdict verdict) {
  passed += verdict == Verdict::kept, failed += verdict == Verdict::broken;
  not_claimed += verdict == Verdict::unsupported;
}

Totals& Totals::operator+=(const Totals& more) {
  passed += more.passed, failed += more.failed, not_claimed += more.not_claimed;
  return *this;
}

SectionLines::SectionLines(const std::string& title) {
  std::printf("\n%-24s %8s %8s %12s\n", title.c_str(), "passed", "failed", "not claimed");
}

void SectionLines::add(const Outcome& outcome) {
  const std::string section = outcome.name.substr(0, outcome.name.find('.'));
  if (section != section_) flush();
  section_ = section;
  totals_.add(outcome.verdict);
}

void SectionLines::flush() {
  if (section_.empty()) return;
  std::printf("  %-22s %8zu %8zu %12zu\n", section_.c_str(), totals_.passed, totals_.failed, totals_.not_claimed);
  std::fflush(stdout);
  section_.clear(), totals_ = {};
}

Totals totals_of(const Report& report) {
  Totals out;
  for (const Outcome& o : report.outcomes) out.add(o.verdict);
  return out;
}

std::string remarks(const Report& report) {
  std::string out;
  std::map<std::string, std::size_t> missing;
  for (const Outcome& o : report.outcomes) {
    if (o.verdict == Verdict::broken) {
      out += "\nfailed: " + o.name + ": " + config::printable(o.detail, 4096) + "\n    " + o.text + "\n";
    }
    if (o.verdict == Verdict::unsupported) ++missing[o.detail];
  }
  if (!missing.empty()) out += "\nnot claimed:\n";
  for (const auto& [why, times] : missing)
    out += "  " + std::to_string(times) + ": " + config::printable(why, 400) + "\n";
  return out;
}

}  // namespace penstock::cli
