// model: compares backends with the reference model, on random sequences of operations.
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <stdexcept>

#include "model/mutants.hpp"
#include "model/run.hpp"

namespace penstock::model {
namespace {

// Below this many steps in a run, chance decides which answers come up.
constexpr std::uint64_t kJudged = 80'000;

struct Options {
  Plan plan;
  std::string backend = "all";
  bool verbose = false;
};

Options parse(int argc, char** argv) {
  Options o;
  if (const char* seed = std::getenv("PENSTOCK_SEED")) o.plan.seed = std::stoull(seed);
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    const auto value = [&] {
      if (i + 1 == argc) throw std::invalid_argument(arg + " wants a value");
      return std::string(argv[++i]);
    };
    if (arg == "--backend") {
      o.backend = value();
    } else if (arg == "--sequences") {
      o.plan.sequences = std::stoull(value());
    } else if (arg == "--ops") {
      o.plan.ops = std::stoull(value());
    } else if (arg == "--seed") {
      o.plan.seed = std::stoull(value());
    } else if (arg == "--flow") {
      o.plan.flow = true;
    } else if (arg == "--verbose") {
      o.verbose = true;
    } else {
      throw std::invalid_argument("unknown option " + arg);
    }
  }
  return o;
}

bool run(const std::string& name, const Options& o) {
  auto subject = make_subject(name);
  if (!subject) throw std::invalid_argument("no backend " + name + " in this build");
  Coverage coverage;
  const auto begin = std::chrono::steady_clock::now();
  auto found = search(*subject, o.plan, coverage);
  if (found) explain(std::cout, name, *subject, *found);
  std::cout << name << ": " << o.plan.sequences << " sequences x " << o.plan.ops << " operations, " << (found ? 1 : 0)
            << " divergences (seed " << o.plan.seed << ")\n";
  if (o.verbose) {
    coverage.print(std::cout);
    auto took = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - begin);
    std::cout << name << ": " << took.count() << " ms\n";
  }
  if (found || o.plan.flow) return !found;  // histories of flow control have few of the answers
  auto missing = coverage.missing(*subject);
  const bool judged = o.plan.sequences * o.plan.ops >= kJudged;
  if (!judged) std::cout << name << ": too short a run to judge coverage\n";
  if (!judged) return true;
  for (const std::string& pair : missing) std::cout << name << ": never produced: " << pair << "\n";
  return missing.empty();
}

}  // namespace
}  // namespace penstock::model

int main(int argc, char** argv) try {
  using namespace penstock::model;
  const Options o = parse(argc, argv);
  int passed = 0, failed = 0;
  const auto names = o.backend == "all" ? subjects() : std::vector<std::string>{o.backend};
  for (const std::string& name : names) ++(run(name, o) ? passed : failed);
  std::cout << passed << " passed, " << failed << " failed" << std::endl;
  return failed == 0 && passed > 0 ? 0 : 1;
} catch (const std::exception& e) {
  std::cerr << "model: " << e.what() << "\n";
  return 2;
}
