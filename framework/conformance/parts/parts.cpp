#include <vector>

#include <penstock/conformance/parts.hpp>

#include "conformance/judge.hpp"
#include "conformance/parts/areas.hpp"

namespace penstock::conformance {

std::span<const Part> parts(std::string_view kind) {
  static const std::vector<Part> codecs = [] {
    std::vector<Part> out;
    for (auto area : {areas::value_codecs(), areas::transforms()}) out.insert(out.end(), area.begin(), area.end());
    return out;
  }();
  if (kind == "codec") return codecs;
  if (kind == "limiter") return areas::limiters();
  if (kind == "tracer") return areas::tracers();
  if (kind == "handlers") return areas::handlers();
  return {};
}

Outcome run(const Part& p, const Opener& open) {
  return judge(p.name, p.text, [&] { p.check(open); });
}

Report run(std::string_view kind, const Opener& open) {
  Report report;
  for (const Part& p : parts(kind)) report.outcomes.push_back(run(p, open));
  return report;
}

}  // namespace penstock::conformance
