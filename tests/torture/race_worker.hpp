// One worker of a race, and what comes before and after it.
#pragma once

#include <map>
#include <memory>
#include <random>
#include <vector>

#include "torture/race_table.hpp"
#include "torture/tasks.hpp"

extern "C" const penstock::PluginDescriptor* penstock_plugin_0_memory() noexcept;

namespace penstock::torture {

inline std::unique_ptr<DurableBackend> open_race_memory(Host& host) {
  return testing::open_component<DurableBackend>(&penstock_plugin_0_memory, "memory", host);
}

class RaceHost final : public Host {
 public:
  explicit RaceHost(SharedTime& time) : time_(time) {}
  void log(Level, std::string_view) noexcept override {}
  void* query(std::string_view id) noexcept override {
    return id == TimeSource::kId ? static_cast<TimeSource*>(&time_) : nullptr;
  }

 private:
  SharedTime& time_;
};

// Sets the limits that hold for the whole race.
void set_the_scene(RaceTable&, DurableBackend&);
// Works off what is left with every gate open, and looks whether something was lost or is still counted.
void clear_up(RaceTable&, DurableBackend&);

class RaceWorker {
 public:
  // Stops after so many steps with all it holds.
  RaceWorker(RaceTable& table, DurableBackend& store, std::uint64_t seed, std::uint64_t steps = UINT64_MAX);
  void run();

 private:
  struct Mine {
    int task = 0;
    Epoch epoch = 0;
    Millis valid_until{};  // it cannot have lapsed before
  };

  void enqueue();
  void exchange();
  void change();
  void choose_settlements(std::vector<Settlement>&, std::vector<Mine>& let_go);
  std::uint64_t draw(std::uint64_t below) { return random_() % below; }

  RaceTable& table_;
  DurableBackend& store_;
  Gates& gates_;
  std::mt19937_64 random_;
  std::uint64_t steps_;
  std::vector<Mine> mine_;
};

}  // namespace penstock::torture
