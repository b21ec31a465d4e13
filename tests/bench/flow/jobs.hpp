// The task of the flow benchmarks, once for each way in which it asks for flow control.
#pragma once

#include <string>

#include "bench/lib/tasks.hpp"

namespace penstock::bench {

enum class Flow {
  plain,  // in no way
  gated,  // each task passes the gate "tenant:..." of its key
  fair,   // keys take turns
};

template <Flow>
struct FlowJob {
  std::uint64_t index = 0, key = 0;
  std::string text = std::string(60, 'x');
};

inline constexpr Limit kWide = {.running = 1'000'000, .per_second = 1e8, .burst = 1'000'000};  // never in the way

inline constexpr const char* name(Flow f) { return f == Flow::plain ? "plain" : f == Flow::gated ? "gated" : "fair"; }

}  // namespace penstock::bench

template <penstock::bench::Flow F>
inline constexpr auto penstock::fields<penstock::bench::FlowJob<F>> =
    std::tuple{penstock::field{"index", &penstock::bench::FlowJob<F>::index},
               penstock::field{"key", &penstock::bench::FlowJob<F>::key},
               penstock::field{"text", &penstock::bench::FlowJob<F>::text}};
template <penstock::bench::Flow F>
inline constexpr penstock::Policy penstock::job<penstock::bench::FlowJob<F>> = {.kind = penstock::bench::name(F),
                                                                                .queue = penstock::bench::kQueue};
template <>
inline constexpr auto penstock::flow<penstock::bench::FlowJob<penstock::bench::Flow::gated>> = std::tuple{
    penstock::gate_by{"tenant", &penstock::bench::FlowJob<penstock::bench::Flow::gated>::key, penstock::bench::kWide}};
template <>
inline constexpr auto penstock::flow<penstock::bench::FlowJob<penstock::bench::Flow::fair>> =
    std::tuple{penstock::fair_by{&penstock::bench::FlowJob<penstock::bench::Flow::fair>::key}};
