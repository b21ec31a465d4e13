// Runs a function in a child process, so that whatever it loads can abort, block or corrupt only that.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include <penstock/plugin/result.hpp>

namespace penstock::plugins {

inline constexpr std::size_t kMaxReply = 1 << 20;

// Forks, runs `work`, and returns what it returned. A child that dies, says too much or takes longer
// than `limit` is killed, with all of its process group, and the error says which it was.
// Requires: the calling process has one thread. The child's output goes nowhere,
// and files that the parent has open are closed in it.
Result<std::string> in_child(const std::function<Result<std::string>()>& work,
                             std::chrono::milliseconds limit = std::chrono::seconds(5));

// Says a line, which has no newline in it, to the process that listens.
using Say = std::function<void(std::string_view line)>;

// Is told a line; an error, which says why it cannot be one of the work's, ends the child.
using Hear = std::function<Result<void>(std::string_view line)>;

// The same for work that says more than one thing: each line goes to `hear`, in the calling process, as it
// comes. The limit is for the time between two of them. What a child had said before it died was heard. A `work`
// that throws counts as one that ended too early. What the child writes in another way than by Say is an error,
// as far as it can be told apart.
Result<void> hear_child(const std::function<void(const Say&)>& work, const Hear& hear,
                        std::chrono::milliseconds silence);

}  // namespace penstock::plugins
