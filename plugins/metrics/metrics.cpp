// The wrapper `metrics`: counts the calls of a backend, and how long they take.
#include <array>
#include <chrono>
#include <memory>

#include <penstock/plugin/plugin.hpp>
#include <penstock/plugin/wrapper.hpp>

#include "tally.hpp"

namespace penstock::metrics {
namespace {

class Metered final : public BackendWrapper<Metered>, public Meter {
 public:
  using BackendWrapper::BackendWrapper;

  static Result<std::unique_ptr<DurableBackend>> wrap(Host&, const Settings&, std::unique_ptr<DurableBackend> inner) {
    return std::unique_ptr<DurableBackend>(std::make_unique<Metered>(std::move(inner)));
  }

  void* query(std::string_view id) noexcept override {
    return id == Meter::kId ? static_cast<Meter*>(this) : BackendWrapper::query(id);
  }

  template <class F>
  auto around(Call call, F&& next) noexcept {
    const auto begin = std::chrono::steady_clock::now();
    auto answer = next();
    tallies_[static_cast<std::size_t>(call)].add(std::chrono::steady_clock::now() - begin,
                                                 answer ? std::nullopt : std::optional(answer.error().code));
    return answer;
  }

  Result<std::vector<CallStats>> calls() noexcept override {
    return guard([&]() -> Result<std::vector<CallStats>> {
      std::vector<CallStats> out;
      for (std::size_t i = 0; i < kCalls; ++i) {
        if (auto stats = tallies_[i].stats(kCallNames[i])) out.push_back(std::move(*stats));
      }
      auto* within = penstock::query<Meter>(inner());
      if (!within) return out;
      auto more = within->calls();
      if (!more) return more;
      for (CallStats& stats : *more) out.push_back(std::move(stats));
      return out;
    });
  }

 private:
  std::array<Tally, kCalls> tallies_;
};

}  // namespace
}  // namespace penstock::metrics

PENSTOCK_PLUGIN(metrics, "0.1.0", "MIT",
                penstock::wrapper<penstock::DurableBackend, penstock::metrics::Metered, penstock::Meter>(
                    "metrics", "Counts the calls of a backend, their errors and how long they take."));
