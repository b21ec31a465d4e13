// The wrapper `fault`: makes a share of a backend's calls fail, lose their answers or come late.
#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <thread>

#include <penstock/plugin/plugin.hpp>
#include <penstock/plugin/wrapper.hpp>

#include "dice.hpp"
#include "rates.hpp"

namespace penstock::fault {
namespace {

constexpr Setting kSettings[] = {
    {.key = "seed",
     .kind = Kind::integer,
     .fallback = "1",
     .doc = "Decides which calls are struck: the n-th call of a method fares the same in every run."},
    {.key = "error",
     .kind = Kind::number,
     .fallback = "0",
     .doc = "Share of the calls that fail with `unavailable` and do not reach the backend.",
     .min = 0,
     .max = 1},
    {.key = "unknown",
     .kind = Kind::number,
     .fallback = "0",
     .doc = "Share of the calls that reach the backend and are answered `unknown_outcome` all the same.",
     .min = 0,
     .max = 1},
    {.key = "delayed",
     .kind = Kind::number,
     .fallback = "0",
     .doc = "Share of the calls that wait before they go on.",
     .min = 0,
     .max = 1},
    {.key = "delay",
     .kind = Kind::duration,
     .fallback = "10ms",
     .doc = "The longest such wait; each is a random part of it.",
     .min = 1,
     .max = 60'000},
    {.key = "calls",
     .kind = Kind::list,
     .fallback = "",
     .doc = "Rates of single calls instead, each such as `\"enqueue=error 0.1 unknown 0.02\"`."},
};

class Fault final : public BackendWrapper<Fault> {
 public:
  Fault(std::unique_ptr<DurableBackend> inner, std::uint64_t seed, const RatesByCall& rates, Millis delay,
        Sleeper* sleeper)
      : BackendWrapper(std::move(inner)), seed_(seed), rates_(rates), delay_(delay), sleeper_(sleeper) {}

  static Result<std::unique_ptr<DurableBackend>> wrap(Host& host, const Settings& settings,
                                                      std::unique_ptr<DurableBackend> inner) {
    RatesByCall rates;
    rates.fill({settings.number("error"), settings.number("unknown"), settings.number("delayed")});
    if (auto added = add_calls(settings.list("calls"), rates); !added) return added.error();
    const bool any = std::ranges::any_of(rates, [](Rates r) { return r.error + r.unknown + r.delayed > 0; });
    if (any) host.log(Level::warn, "calls of the backend are made to fail, as the wrapper 'fault' is told to");
    return std::unique_ptr<DurableBackend>(
        std::make_unique<Fault>(std::move(inner), static_cast<std::uint64_t>(settings.integer("seed")), rates,
                                settings.duration("delay"), static_cast<Sleeper*>(host.query(Sleeper::kId))));
  }

  template <class F>
  auto around(Call call, F&& next) noexcept -> decltype(next()) {
    const auto at = static_cast<std::size_t>(call);
    const Rates& rates = rates_[at];
    const std::uint64_t number = ++calls_[at];
    const Throw chance = roll(seed_, at, number);
    if (chance.delayed < rates.delayed) sleep(chance.length);
    if (chance.error < rates.error) return error(Errc::unavailable, call, number);
    auto answer = next();
    if (answer && chance.unknown < rates.unknown) return error(Errc::unknown_outcome, call, number);
    return answer;
  }

 private:
  Error error(Errc code, Call call, std::uint64_t number) const noexcept {
    try {
      return {code,
              "fault of seed " + std::to_string(seed_) + ": " + std::string(name(call)) + " " + std::to_string(number),
              true};
    } catch (...) {  // no memory for the text
      return {code, {}, true};
    }
  }
  void sleep(double share) const noexcept {
    const Millis time(static_cast<Millis::rep>(share * static_cast<double>(delay_.count())) + 1);
    if (sleeper_) return sleeper_->sleep(time);
    std::this_thread::sleep_for(time);
  }

  const std::uint64_t seed_;
  const RatesByCall rates_;
  const Millis delay_;
  Sleeper* const sleeper_;  // null: the operating system's clock
  std::array<std::atomic<std::uint64_t>, kCalls> calls_{};
};

}  // namespace
}  // namespace penstock::fault

PENSTOCK_PLUGIN(fault, "0.1.0", "MIT",
                penstock::wrapper<penstock::DurableBackend, penstock::fault::Fault>(
                    "fault", "Makes a share of a backend's calls fail, lose their answers or come late: for tests.",
                    penstock::fault::kSettings));
