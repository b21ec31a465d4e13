// What the numbers of a sequence stand for: names and contents.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <penstock/plugin/backend.hpp>

#include "model/ops.hpp"

namespace penstock::model {

inline constexpr std::array<const char*, 3> kQueues = {"alpha", "beta", "gamma.2_x-"};
inline constexpr std::array<std::string_view, 2> kKinds = {"mail", "resize"};
inline constexpr std::array<std::string_view, 5> kBodies = {
    "", "x", {"\0nul\0", 5}, "a body of forty octets, more or less......", "\xff\xfe'\"\\"};
// The last of the gates is the class of the two before it.
inline constexpr std::array<std::string_view, kGateNames + 2> kGateTable = {"", "db", {"a\0'pi", 5}, "c:1", "c:2", "c"};
inline constexpr std::array<std::string_view, 4> kFairKeys = {"", "ann", {"\0bob", 4}, "ann "};
inline constexpr std::array<std::string_view, 4> kUniqueKeys = {"", "invoice", {"\xff\0", 2}, "invoice "};
inline constexpr std::array<TaskKey, 1> kSomeTask = {{{"alpha", {}}}};
inline constexpr const char* kBadQueue = "not a name";

// `n` counted round the table.
template <class Table>
auto of(const Table& table, int n) {
  return table[static_cast<std::size_t>(n) % table.size()];
}
inline std::string_view body(int content) { return of(kBodies, content / 2); }
inline std::string_view note(int n) { return of(kBodies, n); }
inline std::string queue_name(int n) { return of(kQueues, n); }

// So many octets, made once and for all.
std::string_view octets(std::uint64_t many);

}  // namespace penstock::model
