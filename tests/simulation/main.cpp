// simulation: processes against a store, by seeds. `--seed N` plays one, and says what happened in it.
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <set>
#include <stdexcept>
#include <string>

#include "simulation/world.hpp"

namespace penstock::simulation {
namespace {

// Seeds that once found a fault. They are played first, for ever.
constexpr std::uint64_t kRegressions[] = {1, 148, 305, 392, 973, 7839};

constexpr std::uint64_t kShort = 2'000, kLong = 2'000'000;  // seeds
constexpr std::uint64_t kTwice = 500;                       // of them are played twice, to compare the traces

struct Options {
  std::uint64_t first = 1, count = kShort;
  bool one = false;
};

Options parse(int argc, char** argv) {
  Options o;
  if (const char* seed = std::getenv("PENSTOCK_SEED")) o.first = std::stoull(seed), o.count = 1, o.one = true;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "--long") {
      o.count = kLong;
      continue;
    }
    if (i + 1 == argc || (arg != "--seed" && arg != "--seeds" && arg != "--first")) {
      throw std::invalid_argument("usage: simulation [--seed N | [--long] [--first N] [--seeds COUNT]]");
    }
    const std::uint64_t value = std::stoull(argv[++i]);
    if (arg == "--seed") o.first = value, o.count = 1, o.one = true;
    if (arg == "--seeds") o.count = value;
    if (arg == "--first") o.first = value;
  }
  return o;
}

// The hash of the run; absent, and a line on stderr, when a promise was broken.
std::optional<std::uint64_t> play(std::uint64_t seed, Tally& tally, std::ostream* log = nullptr) {
  World world(seed, log);
  try {
    world.run();
    tally.add(world.tally());
    return world.trace();
  } catch (const std::exception& e) {
    std::cerr << "seed " << seed << ": " << e.what() << "\n  replay: PENSTOCK_SEED=" << seed << " ./simulation\n";
    return std::nullopt;
  }
}

}  // namespace
}  // namespace penstock::simulation

int main(int argc, char** argv) try {
  using namespace penstock::simulation;
  const Options o = parse(argc, argv);
  std::uint64_t passed = 0, failed = 0, missing = 0;
  Tally tally;
  auto judge = [&](std::uint64_t seed, bool twice) {
    auto trace = play(seed, tally, o.one ? &std::cout : nullptr);
    Tally unused;
    bool good = trace && (!twice || play(seed, unused) == trace);
    if (trace && !good) std::cerr << "seed " << seed << ": two runs, two traces\n";
    ++(good ? passed : failed);
  };
  if (!o.one) {
    for (std::uint64_t seed : kRegressions) judge(seed, true);
  }
  const std::uint64_t every = std::max<std::uint64_t>(1, o.count / kTwice);
  for (std::uint64_t n = 0; n < o.count; ++n) judge(o.first + n, n % every == 0);
  for (const auto& [what, times] : tally.rows()) {
    std::cout << times << " " << what << "\n";
    if (o.one || times > 0 || failed > 0) continue;
    std::cerr << "no " << what << " in all these runs: they prove nothing about it\n";
    ++missing;
  }
  // For `./dev torture`: of a seed that broke a promise nothing more is said here.
  std::cout << "tally: seeds=" << passed + failed << " broken=" << failed << "\n";
  std::cout << passed << " passed, " << failed + missing << " failed" << std::endl;
  return failed + missing == 0 && passed > 0 ? 0 : 1;
} catch (const std::exception& e) {
  std::cerr << "simulation: " << e.what() << "\n";
  return 2;
}
