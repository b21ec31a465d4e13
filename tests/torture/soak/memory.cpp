// The store in memory: its calls fail now and then, answers are lost, and the whole process stands still.
#include "torture/child.hpp"
#include "torture/soak/census.hpp"
#include "torture/soak/ground.hpp"

namespace penstock::torture {
namespace {

class Memory final : public Ground {
 public:
  explicit Memory(const Surroundings& around) : around_(around) {}

  StorePlace place() const override { return {"memory", {{"remember", kRemember}}}; }
  bool has_workers() const override { return false; }
  penstock::Options options() const override {
    penstock::Options o = soak_options(place());
    PluginChoice fault{.use = "fault"};
    fault.settings["seed"] = static_cast<std::int64_t>(around_.random() % 1'000'000);
    fault.settings["delay"] = std::string("20ms");
    fault.settings["calls"] = std::vector<std::string>{"exchange=error 0.01 unknown 0.005 delayed 0.02",
                                                       "enqueue=error 0.01 unknown 0.01",
                                                       "cancel=error 0.01 unknown 0.01",
                                                       "get=error 0.01",
                                                       "trim=error 0.05",
                                                       "wait=error 0.01"};
    o.backend.wrap = {fault};
    return o;
  }

  std::vector<Misfortune> misfortunes(TaskManager& tasks) override {
    return {{"stops", [] { stop_me_for(std::chrono::microseconds(kPastTheLease).count()); }},
            {"holds", [&tasks] { tasks.pause("*", {}, kPastTheLease); }},
            {"resizes", [this, &tasks] {
               tasks.resize(static_cast<unsigned>(1 + around_.random() % 5));
               around_.wait(Millis(500));
               tasks.resize(2);
             }}};
  }
  std::vector<Size> sizes() const override { return {{"tasks kept", {.absolute = 300, .share = 0.3}}}; }
  std::vector<double> measure(TaskManager& tasks) const override {
    double kept = 0;
    for (const Counts& c : tasks.counts()) {
      for (const std::uint64_t n : c.by_state) kept += static_cast<double>(n);
    }
    return {kept};
  }

 private:
  const Surroundings around_;
};

}  // namespace

std::unique_ptr<Ground> memory_ground(const Surroundings& around) { return std::make_unique<Memory>(around); }

}  // namespace penstock::torture
