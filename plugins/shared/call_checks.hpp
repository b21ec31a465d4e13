// What a call must be like before a store looks at it: the rules of plugin/backend.hpp that do not depend on what
// the store holds, in the same words for every backend.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <penstock/plugin/backend.hpp>

namespace penstock::shared {

inline constexpr std::uint32_t kMaxBatch = Properties{}.max_batch;

// The error of the call as a whole, if it has one.
std::optional<Error> wrong(const Exchange&);
std::optional<Error> wrong(std::span<const NewTask>);
std::optional<Error> wrong(std::span<const TaskKey>);
std::optional<Error> wrong(const Retention&);
std::optional<Error> wrong_move(std::span<const TaskKey>, State from, State to, Millis delay);
std::optional<Error> wrong_limit(std::string_view queue, std::string_view gate, const Limit*);
std::optional<Error> wrong_hold(std::string_view queue, std::string_view gate, Millis at_most);
std::optional<Error> wrong_document(std::string_view name, std::string_view value, std::uint64_t max_body);

// What a compare-and-set answers that found another revision.
Error outdated(std::string_view document, std::uint64_t wanted, std::uint64_t seen);

// The items of one call: which of them obey the rules. Whether the queue's name does is for the caller to ask.
class Items {
 public:
  explicit Items(std::uint64_t max_body) : max_body_(max_body) {}
  bool valid(const NewTask&) noexcept;
  bool valid(const Settlement&) noexcept;

 private:
  std::uint64_t max_body_;
  std::string_view kind_;  // the last good one: batches repeat it
};

}  // namespace penstock::shared
