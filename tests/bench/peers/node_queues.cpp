#include "bench/peers/node_queues.hpp"

#include <cstdlib>
#include <filesystem>

#include "bench/lib/redis.hpp"
#include "bench/peers/script.hpp"

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
  const std::vector<std::string> command{
      "node", PENSTOCK_BENCH_PEERS "/node_queues.mjs", *folder, queue.name, what, socket, std::to_string(jobs)};
  return [command, socket] {
    RedisConnection(socket).call({"FLUSHALL"});
    return figures_of(command);
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

std::string node_version(const NodeQueue& queue) {
  const std::optional<std::string> folder = folder_with(queue);
  return folder ? package_version(*folder, queue.name) : "";
}

}  // namespace penstock::bench
