// What a task says about unique keys and flow control, as its row keeps it; most tasks say nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <penstock/plugin/backend.hpp>

namespace penstock::sqlite {

// One octet string: the unique key, the fair key, then the gates in order, each with an octet for its
// length before it. What follows the unique key is the name of the task's flow within its queue.
// Empty: it uses none of these. Requires: a task that is valid.
std::string pack_traits(const NewTask&);

// Parts of what pack_traits() returned; views into it.
std::string_view unique_of(std::string_view traits) noexcept;
std::string_view flow_of(std::string_view traits) noexcept;  // empty: the plain flow, of no key and no gates
std::string_view fair_of(std::string_view flow) noexcept;
bool has_gates(std::string_view flow) noexcept;
std::vector<std::string_view> gates_of(std::string_view flow);

}  // namespace penstock::sqlite
