// What a call must be like before the server is asked.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <penstock/plugin/backend.hpp>

namespace penstock::redis {

inline constexpr std::uint32_t kMaxBatch = Properties{}.max_batch;

// The error of the call as a whole, if it has one.
std::optional<Error> wrong(const Exchange&);
std::optional<Error> wrong(std::span<const NewTask>);
std::optional<Error> wrong(std::span<const TaskKey>);
std::optional<Error> wrong_gate(std::string_view queue, std::string_view gate);
std::optional<Error> wrong(const Limit&);
std::optional<Error> wrong_document(std::string_view name, std::string_view value, std::uint64_t max_body);
// What a compare-and-set answers that found another revision.
Error outdated(std::string_view document, std::uint64_t wanted, std::int64_t seen);
bool movable(State from, State to) noexcept;

// Items that obey the rules which do not depend on the store's content.
bool valid(const NewTask&, std::uint64_t max_body) noexcept;
bool valid(const Settlement&, std::uint64_t max_body) noexcept;

}  // namespace penstock::redis
