// Kills whole task managers on a SQLite file: at any moment, in a handler (row W1), after an ack has been
// committed (W2), after an enqueue.
#include <cstring>

#include "torture/manager_lives.hpp"
#include "torture/options.hpp"
#include "torture/raw_sqlite.hpp"
#include "torture/tasks.hpp"

namespace penstock::torture {
namespace {

constexpr int kKillsPerFile = 10;
constexpr Moment kOwn[] = {Moment::any, Moment::mid, Moment::after_ack, Moment::after_put};

void choose_store(const Scene& scene, penstock::Options& o) {
  o.backend = {.use = "sqlite"};
  o.backend.settings["path"] = std::string(scene.where.data()) + "/a.db";
  o.backend.settings["durability"] = std::string(scene.which.data());
  o.backend.settings["remember"] = std::string("365d");
  o.backend.settings["checkpoint"] = std::string("64KiB");
}

JudgedStore new_file(const Scratch& scratch, const std::string& level) {
  const Place place{scratch.fresh("file"), "", level};
  return {.where = place.folder,
          .which = level,
          .moments = kOwn,
          .open = [place](Host& host) { return open_store(place, host); },
          .is_there = [file = place.file()] { return fs::exists(file) && fs::file_size(file) > 0; },
          .inspect =
              [file = place.file()] {
                const std::string state = Raw(file).integrity();
                if (state != "ok") throw Violation(Harm::corrupt, "integrity_check: " + state);
              }};
}

bool torture(const std::string& level, std::uint64_t kills, std::uint64_t seed) {
  const Scratch scratch(Scratch::On::memory);
  ManagerTally tally;
  Verdict verdict("kills");
  for (; verdict.faults < kills && verdict.harmless(); ++seed) {
    try {
      ManagerLives(scratch, new_file(scratch, level), seed, tally, verdict).run(kKillsPerFile);
    } catch (const std::exception& e) {
      verdict.add(e, "kill_manager --power 0 --process 0 --" + level + " 1 --seed " + std::to_string(seed));
    }
  }
  tally.print(level, verdict.faults);
  return verdict.report(level);
}

}  // namespace
}  // namespace penstock::torture

int main(int argc, char** argv) {
  using namespace penstock::torture;
  if (argc == 3 && std::strcmp(argv[1], "--victim") == 0) return be_manager_victim(argv[2], {.choose = choose_store});
  Options options(argc, argv);
  const auto kills = options.get("kills", 80, 10'000), seed = options.seed();
  const auto power = options.get("power", kills / 2, kills / 2);
  const auto process = options.get("process", kills / 2, kills / 2);
  options.finish();
  Score score;
  if (power) score.add(torture("power", power, seed));
  if (process) score.add(torture("process", process, seed));
  return score.end();
}
