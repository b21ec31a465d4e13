// The task of this example, its result, and the handler that makes the one from the other.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <penstock/penstock.hpp>

namespace digest {

inline constexpr const char* kQueue = "digest";

// One file. Its path is bytes: file names need not be valid UTF-8.
struct DigestFile {
  std::vector<unsigned char> path;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
};

struct Digested {
  std::string sha256;  // 64 hex digits
  std::uint64_t size = 0;
  std::uint64_t lines = 0;
  std::int64_t micros = 0;
};

// Reads the file once. A file that is gone or must not be read is a failure that no retry would mend.
penstock::Outcome run(penstock::Context& ctx, const DigestFile& job);

}  // namespace digest

// What makes these two plain structs a task and a result: their fields, and the task's policy.
template <>
inline constexpr auto penstock::fields<digest::DigestFile> =
    std::tuple{penstock::field{"path", &digest::DigestFile::path}, penstock::field{"size", &digest::DigestFile::size},
               penstock::field{"mtime_ns", &digest::DigestFile::mtime_ns}};
template <>
inline constexpr auto penstock::fields<digest::Digested> = std::tuple{
    penstock::field{"sha256", &digest::Digested::sha256}, penstock::field{"size", &digest::Digested::size},
    penstock::field{"lines", &digest::Digested::lines}, penstock::field{"micros", &digest::Digested::micros}};
template <>
inline constexpr penstock::Policy penstock::job<digest::DigestFile> = {
    .kind = "digest.file",
    .queue = digest::kQueue,
    .retries = 2,
    .backoff = std::chrono::milliseconds(200),
    .timeout = std::chrono::minutes(10),
    .keep_result = std::chrono::hours(24 * 7),  // until the output is written, however often that is interrupted
};
