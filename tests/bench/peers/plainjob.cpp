#include "bench/peers/plainjob.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "bench/peers/script.hpp"
#include "torture/folder.hpp"

namespace penstock::bench {
namespace {

// Empty: none is named.
std::string folder() {
  const char* named = std::getenv("PENSTOCK_BENCH_PLAINJOB");
  if (!named || !*named) return {};
  if (!std::filesystem::is_directory(std::string(named) + "/node_modules/plainjob")) {
    throw std::runtime_error(std::string(named) + "/node_modules has no plainjob (PENSTOCK_BENCH_PLAINJOB)");
  }
  return named;
}

Series run_script(const std::string& modules, std::size_t jobs) {
  const torture::Scratch scratch(torture::Scratch::On::disk);
  return figures_of({"node", PENSTOCK_BENCH_PEERS "/plainjob.mjs", modules, scratch.fresh("peer") + "/jobs.db",
                     std::to_string(jobs)});
}

}  // namespace

std::optional<Measurement> plainjob(std::size_t jobs) {
  const std::string modules = folder();
  if (modules.empty()) return std::nullopt;
  return [modules, jobs] { return run_script(modules, jobs); };
}

std::string plainjob_version() {
  const std::string modules = folder();
  return modules.empty() ? "" : package_version(modules, "plainjob");
}

}  // namespace penstock::bench
