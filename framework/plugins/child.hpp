// Runs a function in a child process, so that whatever it loads can abort, block or corrupt only that.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include <penstock/plugin/result.hpp>

namespace penstock::plugins {

inline constexpr std::size_t kMaxReply = 1 << 20;

// Forks, runs `work`, and returns what it returned. A child that dies, says too much or takes longer
// than `limit` is killed, with all of its process group, and the error says which it was.
// Requires: the calling process has one thread. The child's output goes nowhere,
// and files that the parent has open are closed in it.
Result<std::string> in_child(const std::function<Result<std::string>()>& work,
                             std::chrono::milliseconds limit = std::chrono::seconds(5));

}  // namespace penstock::plugins
