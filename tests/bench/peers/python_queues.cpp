#include "bench/peers/python_queues.hpp"

#include "bench/peers/script.hpp"

namespace penstock::bench {
namespace {

constexpr const char* kScript = PENSTOCK_BENCH_PEERS "/python_queues.py";

}  // namespace

std::string python_version(const std::string& name) { return answer_of({"python3", kScript, name, "version"}); }

Series python_life(const std::string& name, const std::string& store, std::size_t jobs) {
  return figures_of({"python3", kScript, name, "life", store, std::to_string(jobs)});
}

Series python_pickup(const std::string& name, const std::string& store, std::size_t jobs) {
  return figures_of({"python3", kScript, name, "pickup", store, std::to_string(jobs)});
}

}  // namespace penstock::bench
