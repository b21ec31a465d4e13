// A soak (C11): a mixed load through TaskManager at a steady rate, and a fault every 10 s; nothing is lost, doubled or
// stuck, and memory, file descriptors, threads and the store stay as large as they are. All backends side by side.
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string_view>

#include "torture/child.hpp"
#include "torture/options.hpp"
#include "torture/soak/mix.hpp"
#include "torture/soak/side.hpp"
#include "torture/soak/worker.hpp"

namespace penstock::torture {
namespace {

int soak(Options& options) {
  Soak all{.backend = options.word("backend", "all"),
           .seconds = options.get("seconds", 300, 7'200),
           .rate = options.get("rate", 100, 300),
           .seed = options.seed()};
  options.finish();
  std::vector<Child> sides;
  for (const char* backend : {"memory", "sqlite", "redis"}) {
    if (all.backend != "all" && all.backend != backend) continue;
    Soak one = all;
    one.backend = backend;
    std::vector<std::string> words = one.words();
    words.insert(words.begin(), "--side");
    sides.emplace_back(std::move(words));
  }
  if (sides.empty()) throw std::runtime_error("no backend '" + all.backend + "' (known: memory, sqlite, redis, all)");
  Score score;
  for (Child& side : sides) score.add(side.wait().well());
  return score.end();
}

}  // namespace
}  // namespace penstock::torture

int main(int argc, char** argv) try {
  using namespace penstock::torture;
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (first == "--worker" && argc >= 4)
    return be_soak_worker(argv[2], StorePlace::of({argv + 3, static_cast<std::size_t>(argc - 3)}));
  if (first == "--side" && argc == 2 + kSoakWords) return be_soak_side(Soak::of(argv + 2));
  Options options(argc, argv);
  return soak(options);
} catch (const std::exception& e) {
  std::cerr << argv[0] << ": " << e.what() << "\n";
  return 2;
}
