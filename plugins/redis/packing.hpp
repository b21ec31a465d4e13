// Tasks and settlements as the scripts take them, records as the scripts keep them. README.md has the layout.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <penstock/plugin/backend.hpp>

#include "words.hpp"

namespace penstock::redis {

inline std::string_view octets(const TaskId& id) noexcept {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}
TaskId task_id(std::string_view octets) noexcept;  // 16 of them; others give the zero id

// The five words of a task; the id is the caller's.
void add_task(Words&, const NewTask&);
// Whether two settlements may be of one group.
bool alike(const Settlement&, const Settlement&) noexcept;
// The four words of a group, and those of its children: of one settlement, or of several that are alike.
void add_settlements(Words&, std::span<const Settlement* const> group);

// What a record says that was written when the task came. A record that is cut short leaves the rest as it is.
struct Written {
  Time enqueued{};
  std::int32_t priority = 0;
  std::uint16_t weight = 1;
  std::string_view kind, body, unique, flow;
};
Written read_record(std::string_view record) noexcept;

// Counters and note of a task that failed, or has one: of a live entry, what is behind its 16th octet.
struct Tail {
  std::uint32_t failures = 0, crashes = 0;
  Time ended{};
  std::string_view note;
};
Tail read_tail(std::string_view tail) noexcept;

// From what get.lua and list.lua answer; absent when nothing is known. `now`: due tasks are ready.
std::optional<Record> read_task(std::string_view record, std::string_view live, std::string_view due, Time now);

double number(std::string_view octets, std::size_t at) noexcept;  // 0 beyond the end
std::int64_t integer(std::string_view decimal) noexcept;          // of a double in decimal; 0 if it is none
Millis millis(double) noexcept;

}  // namespace penstock::redis
