// One store over the lives of many managers that are killed, and the check of what they have left. Every task
// that was accepted must run to its end, be acknowledged at most once, and run again only where a process
// died in it.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "torture/folder.hpp"
#include "torture/manager_victim.hpp"
#include "torture/shared.hpp"
#include "torture/shared_clock.hpp"
#include "torture/verdict.hpp"

namespace penstock::torture {

struct ManagerTally {
  std::array<std::uint64_t, std::size(kMoments)> kills{};
  std::uint64_t accepted = 0, runs = 0, again = 0, unknown_done = 0;
  void print(const std::string& title, std::uint64_t all) const;
};

// The store as the judge sees it.
struct JudgedStore {
  std::string where, which;  // for the scene
  std::span<const Moment> moments;
  std::function<std::unique_ptr<DurableBackend>(Host&)> open;
  std::function<bool()> is_there = [] { return true; };  // false: the victim died before it made one
  std::function<void()> inspect = [] {};                 // after each kill; throws Violation
};

class ManagerLives {
 public:
  ManagerLives(const Scratch&, JudgedStore, std::uint64_t seed, ManagerTally&, Verdict&);
  void run(int kills);  // throws Violation

 private:
  bool live();
  void check_starts();
  void count_up();
  void count_up(DurableBackend&, std::span<const int> tasks);

  const JudgedStore store_;
  const std::string scene_path_;
  const Shared<Scene> scene_;
  SharedClock clock_;
  std::mt19937_64 random_;
  ManagerTally& tally_;
  Verdict& verdict_;
  std::vector<std::uint8_t> before_ = std::vector<std::uint8_t>(kMostTasks), acked_ = before_;
};

}  // namespace penstock::torture
