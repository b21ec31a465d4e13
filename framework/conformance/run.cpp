#include <string>

#include "conformance/judge.hpp"
#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance {

namespace {

constexpr const char* kFeatureNames[] = {"kUnique", "kFair",     "kGates", "kAfter",
                                         "kGuard",  "kChildren", "kLimit", "kStrictOrder"};

std::vector<Promise> collect() {
  std::vector<Promise> all;
  for (areas::Promises area :
       {areas::properties(), areas::batches(), areas::enqueue(),   areas::bodies(),  areas::claim(),
        areas::order(),      areas::lapse(),   areas::settle(),    areas::answers(), areas::charges(),
        areas::extend(),     areas::cancel(),  areas::get(),       areas::counts(),  areas::trim(),
        areas::features(),   areas::unique(),  areas::fair(),      areas::gates(),   areas::slots(),
        areas::rates(),      areas::holding(), areas::registry(),  areas::waiter(),  areas::browser(),
        areas::moves(),      areas::time(),    areas::lifecycle(), areas::reopen(),  areas::concurrency(),
        areas::leadership(), areas::museum()})
    all.insert(all.end(), area.begin(), area.end());
  return all;
}

void need_listed(const Promise& p, Lab& lab) {
  for (std::size_t bit = 0; bit < std::size(kFeatureNames); ++bit) {
    const std::uint32_t feature = 1u << bit;
    if ((p.features & feature) && !(lab.properties().features & feature))
      throw Unsupported{std::string("feature ") + kFeatureNames[bit] + " is not listed"};
  }
  if (p.capability && !lab.store().query(p.capability))
    throw Unsupported{std::string("capability ") + p.capability + " is not offered"};
}

}  // namespace

std::span<const Promise> promises() {
  static const std::vector<Promise> all = collect();
  return all;
}

Outcome run(const Promise& p, const Harness& harness) {
  return judge(p.name, p.text, [&] {
    Lab lab(harness);
    need_listed(p, lab);
    p.check(lab);
    lab.sound();
  });
}

Report run(const Harness& harness, std::string_view prefix) {
  Report report;
  for (const Promise& p : promises())
    if (std::string_view(p.name).substr(0, prefix.size()) == prefix) report.outcomes.push_back(run(p, harness));
  return report;
}

}  // namespace penstock::conformance
