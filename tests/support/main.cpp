// The one Catch main. `--gtest_output=xml:FILE`, which Meson passes under protocol 'gtest', becomes
// Catch's JUnit report; failed assertions go to stderr as well, so that the console shows them, and
// the output ends with `N passed, N failed`, counting test cases (support/count.py sums these lines).
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace {

struct Report : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;
  void testCaseStarting(const Catch::TestCaseInfo& info) override { name_ = info.name; }
  bool assertionEnded(const Catch::AssertionStats& stats) override {
    const Catch::AssertionResult& r = stats.assertionResult;
    if (r.isOk()) return true;
    std::ostringstream out;
    out << r.getSourceInfo() << ": in '" << name_ << "': " << r.getExpressionInMacro();
    if (r.hasExpandedExpression()) out << "  is  " << r.getExpandedExpression();
    if (r.hasMessage()) out << "  " << r.getMessage();
    for (const Catch::MessageInfo& m : stats.infoMessages) out << "\n    " << m.message;
    out << '\n';
    std::fputs(out.str().c_str(), stderr);  // the JUnit report has std::cerr for itself
    return true;
  }
  void testRunEnded(const Catch::TestRunStats& run) override {
    const Catch::Counts& cases = run.totals.testCases;
    std::cout << cases.passed + cases.failedButOk << " passed, " << cases.failed << " failed" << std::endl;
  }

 private:
  std::string name_;
};
CATCH_REGISTER_LISTENER(Report)

}  // namespace

// The report gets its name when it is whole: Meson ends the run of all tests over half of one, and a
// program that died leaves half of one.
int main(int argc, char** argv) {
  const std::string prefix = "--gtest_output=xml:";
  std::string report;
  std::vector<std::string> args;
  for (int i = 0; i < argc; ++i) {
    std::string arg = argv[i];
    if (arg.rfind(prefix, 0) == 0) {
      report = arg.substr(prefix.size());
      std::remove(report.c_str());
      args.insert(args.end(), {"-r", "junit", "-o", report + ".part"});
    } else {
      args.push_back(arg);
    }
  }
  std::vector<const char*> raw;
  for (const std::string& arg : args) raw.push_back(arg.c_str());
  int status = Catch::Session().run(static_cast<int>(raw.size()), raw.data());
  if (!report.empty()) std::rename((report + ".part").c_str(), report.c_str());
  return status;
}
