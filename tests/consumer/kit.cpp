// The conformance kit as a library, on a plugin of one's own.
#include <cstdio>

#include <penstock/conformance/parts.hpp>

#include "acme.cpp"

int main() {
  using namespace penstock::conformance;
  const Report report =
      run("tracer", [] { return std::unique_ptr<penstock::Interface>(std::make_unique<Counter>(1u)); });
  for (const Outcome& o : report.outcomes) std::puts(line(o).c_str());
  return report.broken().empty() && report.count(Verdict::kept) > 0 ? 0 : 1;
}
