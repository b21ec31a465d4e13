// What a call must be like before the store looks at it.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <penstock/plugin/backend.hpp>

namespace penstock::memory {

inline constexpr std::uint32_t kFeatures = kUnique | kFair | kGates | kGuard | kChildren | kLimit | kStrictOrder;
inline constexpr std::uint32_t kMaxBatch = Properties{}.max_batch;

// The error of the call as a whole, if it has one.
std::optional<Error> wrong(const Exchange&);
std::optional<Error> wrong(std::span<const NewTask>);
std::optional<Error> wrong(std::span<const TaskKey>);
std::optional<Error> wrong_gate(std::string_view queue, std::string_view gate);
std::optional<Error> wrong(const Limit&);

// Items that obey the rules which do not depend on the store's content; queue names apart.
class Items {
 public:
  explicit Items(std::uint64_t max_body) : max_body_(max_body) {}
  bool valid(const NewTask&) noexcept;
  bool valid(const Settlement&) noexcept;

 private:
  std::uint64_t max_body_;
  std::string_view kind_;  // the last good one: batches repeat it
};

}  // namespace penstock::memory
