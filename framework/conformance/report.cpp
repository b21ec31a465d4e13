#include <algorithm>
#include <iterator>

#include <penstock/conformance/report.hpp>

namespace penstock::conformance {

std::size_t Report::count(Verdict v) const {
  return static_cast<std::size_t>(std::ranges::count(outcomes, v, &Outcome::verdict));
}

std::vector<Outcome> Report::broken() const {
  std::vector<Outcome> out;
  std::ranges::copy_if(outcomes, std::back_inserter(out),
                       [](const Outcome& o) { return o.verdict == Verdict::broken; });
  return out;
}

std::string line(const Outcome& o) {
  constexpr const char* kWords[] = {"kept", "broken", "unsupported"};
  const std::string out = std::string(kWords[static_cast<int>(o.verdict)]) + " " + o.name;
  return o.detail.empty() ? out : out + ": " + o.detail;
}

}  // namespace penstock::conformance
