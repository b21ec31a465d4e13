#include <penstock/conformance/parts.hpp>

#include "cli/check/cases.hpp"
#include "conformance/judge.hpp"

namespace penstock::cli {
namespace {

using namespace conformance;

// Made when it is first asked for, which is in the child process that runs the case.
class Lazy {
 public:
  explicit Lazy(Target target) : target_(std::move(target)) {}
  Subject& subject() {
    if (!subject_) subject_ = std::make_unique<Subject>(target_, true);
    return *subject_;
  }
  const Harness& harness() {
    if (!harness_) harness_ = std::make_unique<Harness>(subject().harness());
    return *harness_;
  }

 private:
  Target target_;
  std::unique_ptr<Subject> subject_;
  std::unique_ptr<Harness> harness_;
};

Case scene(const std::shared_ptr<Lazy>& lazy, bool backend) {
  static constexpr const char *kCase = "scene.is_set", *kText = "The component can be made with the settings given.";
  return {kCase, kText, [=] {
            return judge(kCase, kText, [&] {
              holds(lazy->subject().open() != nullptr, "an object");
              if (backend) lazy->harness();
            });
          }};
}

}  // namespace

std::vector<Case> component_cases(const Target& target) {
  auto lazy = std::make_shared<Lazy>(target);
  const bool backend = target.kind == DurableBackend::kKind;
  std::vector<Case> out = {scene(lazy, backend)};
  if (backend) {
    for (const Promise& p : promises()) out.push_back({p.name, p.text, [lazy, &p] { return run(p, lazy->harness()); }});
  }
  for (const Part& p : parts(target.kind)) {
    out.push_back({p.name, p.text, [lazy, &p] { return run(p, [&] { return lazy->subject().open(); }); }});
  }
  return out;
}

}  // namespace penstock::cli
