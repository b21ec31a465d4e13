#include <chrono>
#include <exception>
#include <string>

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
        areas::moves(),      areas::time(),    areas::lifecycle(), areas::reopen(),  areas::concurrency()})
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

void check(const Promise& p, const Harness& harness, Outcome& out) {
  try {
    Lab lab(harness);
    need_listed(p, lab);
    p.check(lab);
  } catch (const Broken& b) {
    out.verdict = Verdict::broken, out.detail = b.message;
  } catch (const Unsupported& u) {
    out.verdict = Verdict::unsupported, out.detail = u.reason;
  } catch (const std::exception& e) {
    out.verdict = Verdict::broken, out.detail = std::string("threw: ") + e.what();
  } catch (...) {
    out.verdict = Verdict::broken, out.detail = "threw something that is not a std::exception";
  }
}

}  // namespace

std::span<const Promise> promises() {
  static const std::vector<Promise> all = collect();
  return all;
}

Outcome run(const Promise& p, const Harness& harness) {
  Outcome out;
  out.promise = &p;
  const auto start = std::chrono::steady_clock::now();
  check(p, harness, out);
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

Report run(const Harness& harness, std::string_view prefix) {
  Report report;
  for (const Promise& p : promises())
    if (std::string_view(p.name).substr(0, prefix.size()) == prefix) report.outcomes.push_back(run(p, harness));
  return report;
}

std::size_t Report::count(Verdict v) const {
  std::size_t n = 0;
  for (const Outcome& o : outcomes) n += o.verdict == v;
  return n;
}

std::vector<Outcome> Report::broken() const {
  std::vector<Outcome> out;
  for (const Outcome& o : outcomes)
    if (o.verdict == Verdict::broken) out.push_back(o);
  return out;
}

std::string line(const Outcome& o) {
  constexpr const char* kWords[] = {"kept", "broken", "unsupported"};
  std::string out = std::string(kWords[static_cast<int>(o.verdict)]) + " " + o.promise->name;
  return o.detail.empty() ? out : out + ": " + o.detail;
}

}  // namespace penstock::conformance
