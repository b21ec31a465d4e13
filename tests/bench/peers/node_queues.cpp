#include "bench/peers/node_queues.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "bench/lib/redis.hpp"

namespace penstock::bench {
namespace {

std::optional<std::string> folder_with(const NodeQueue& queue) {
  const char* folder = std::getenv("PENSTOCK_BENCH_NODE");
  if (!folder || !std::filesystem::is_directory(std::string(folder) + "/node_modules/" + queue.name))
    return std::nullopt;
  return folder;
}

// The script prints the figures.
std::optional<Measurement> script(const NodeQueue& queue, const char* what, const std::string& socket,
                                  std::size_t jobs) {
  const std::optional<std::string> folder = folder_with(queue);
  if (!folder) return std::nullopt;
  std::string command = "node '" PENSTOCK_BENCH_PEERS "/node_queues.mjs' '" + *folder + "' " + queue.name + " " + what;
  command += " '" + socket + "' " + std::to_string(jobs);
  return [command, socket] {
    RedisConnection(socket).call({"FLUSHALL"});
    FILE* out = popen(command.c_str(), "re");
    if (!out) throw std::runtime_error("cannot run node");
    Series figures;
    for (double figure = 0; std::fscanf(out, "%lf", &figure) == 1;) figures.push_back(figure);
    if (pclose(out) != 0 || figures.empty()) throw std::runtime_error("failed: " + command);
    return figures;
  };
}

}  // namespace

std::optional<Measurement> whole_life_of(const NodeQueue& queue, const std::string& socket, std::size_t jobs) {
  return script(queue, "life", socket, jobs);
}

std::optional<Measurement> pickup_of(const NodeQueue& queue, const std::string& socket, std::size_t jobs) {
  return script(queue, "pickup", socket, jobs);
}

std::string node_queues_wanted(const NodeQueue& queue) {
  return std::string(queue.name) + " is not installed: PENSTOCK_BENCH_NODE names a folder with its node_modules";
}

}  // namespace penstock::bench
