#include "model/run.hpp"

#include <ostream>

#include "model/player.hpp"
#include "model/regressions.hpp"
#include "model/shrink.hpp"

namespace penstock::model {
namespace {

std::optional<Divergence> play(Subject& subject, const Sequence& sequence, const Observer& observer,
                               std::ostream* trace = nullptr) {
  return Player(subject, observer, trace).play(sequence);
}

Found minimal(Subject& subject, Sequence sequence, const Divergence& d) {
  sequence.resize(d.op + 1);
  Found found;
  found.sequence = shrink(std::move(sequence), [&](const Sequence& s) { return play(subject, s, {}).has_value(); });
  auto still = play(subject, found.sequence, {});
  found.what = still ? still->what : d.what + "\n      (did not happen again)";
  return found;
}

}  // namespace

std::optional<Found> search(Subject& subject, const Plan& plan, Coverage& coverage) {
  const Observer observer = [&](const std::string& what) { coverage.mark(what); };
  for (const Regression& r : regressions()) {
    auto d = play(subject, r.sequence, {});
    if (!d) continue;
    Found found = minimal(subject, r.sequence, *d);  // it may be longer than another fault needs
    found.name = r.name;
    return found;
  }
  for (std::uint64_t i = 0; i < plan.sequences; ++i) {
    const std::uint64_t seed = plan.seed + i;
    Sequence sequence = plan.flow ? generate_flow(seed, plan.ops) : generate(seed, plan.ops);
    auto d = play(subject, sequence, observer);
    if (!d) continue;
    Found found = minimal(subject, std::move(sequence), *d);
    found.seed = seed;
    found.flow = plan.flow;
    return found;
  }
  return std::nullopt;
}

void explain(std::ostream& out, const std::string& backend, Subject& subject, const Found& found) {
  out << backend << ": diverges from the model";
  if (!found.name.empty()) out << " in the regression '" << found.name << "'";
  out << ", " << found.sequence.size() << " steps:\n";
  play(subject, found.sequence, {}, &out);
  out << "    " << found.what << "\n  as code:\n";
  for (const Op& op : found.sequence) out << "           " << literal(op) << ",\n";
  if (found.name.empty())
    out << "  replay: PENSTOCK_SEED=" << found.seed << " ./model --backend " << backend
        << (found.flow ? " --flow\n" : "\n");
}

}  // namespace penstock::model
