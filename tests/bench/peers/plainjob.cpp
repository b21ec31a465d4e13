#include "bench/peers/plainjob.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "torture/folder.hpp"

namespace penstock::bench {
namespace {

Series run_script(const std::string& modules, std::size_t jobs) {
  const torture::Scratch scratch(torture::Scratch::On::disk);
  const std::string command = "node '" PENSTOCK_BENCH_PEERS "/plainjob.mjs' '" + modules + "' '" +
                              scratch.fresh("peer") + "/jobs.db' " + std::to_string(jobs);
  FILE* out = popen(command.c_str(), "re");
  if (!out) throw std::runtime_error("cannot run node");
  double per_second = 0;
  const int read = std::fscanf(out, "%lf", &per_second);
  if (pclose(out) != 0 || read != 1) throw std::runtime_error("failed: " + command);
  return {per_second};
}

}  // namespace

std::optional<Measurement> plainjob(std::size_t jobs) {
  const char* folder = std::getenv("PENSTOCK_BENCH_PLAINJOB");
  if (!folder || !*folder) return std::nullopt;
  if (!std::filesystem::is_directory(std::string(folder) + "/node_modules/plainjob")) {
    throw std::runtime_error(std::string(folder) + "/node_modules has no plainjob (PENSTOCK_BENCH_PLAINJOB)");
  }
  return [modules = std::string(folder), jobs] { return run_script(modules, jobs); };
}

}  // namespace penstock::bench
