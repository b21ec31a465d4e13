#include "diagnosis.hpp"

#include <filesystem>
#include <sqlite3.h>
#include <string>
#include <system_error>

namespace penstock::sqlite {
namespace {

constexpr std::uintmax_t kMuchLog = 16;  // times the size that leads to a checkpoint
constexpr std::uintmax_t kMebi = std::uintmax_t{1} << 20;

std::uintmax_t size_of(const std::string& path) {
  std::error_code none;
  const std::uintmax_t size = std::filesystem::file_size(path, none);
  return none ? 0 : size;
}

std::string mebi(std::uintmax_t octets) { return std::to_string((octets + kMebi - 1) / kMebi) + " MiB"; }

}  // namespace

std::vector<Finding> diagnose(const Options& options, std::string_view durability) {
  const auto checkpoint = static_cast<std::uintmax_t>(options.checkpoint);
  const std::uintmax_t log = size_of(options.path + "-wal");
  std::vector<Finding> out{{"file", options.path + ", " + mebi(size_of(options.path))},
                           {"version", std::string("SQLite ") + sqlite3_libversion()},
                           {"durability", std::string(durability)},
                           {"log", mebi(log)}};
  if (log > kMuchLog * checkpoint) {
    out.back().risk = "it is not written back: a program that reads without an end, or the disk, holds it up";
  }
  std::error_code none;
  const auto room = std::filesystem::space(std::filesystem::absolute(options.path, none).parent_path(), none);
  if (none) return out;
  out.push_back({"room on its disk", mebi(room.available)});
  if (room.available < 2 * checkpoint) {
    out.back().risk = "enqueues will be refused soon; claims and settlements go on from the reserve";
  }
  return out;
}

}  // namespace penstock::sqlite
