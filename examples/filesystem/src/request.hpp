// The calls that change the store, as octets: one is what an entry of the log holds. Whoever reads the log
// makes the same calls on his own copy of the store.
#pragma once

#include <string>
#include <string_view>

#include <penstock/plugin/backend.hpp>

#include "state.hpp"

namespace filesystem {

std::string request(const Exchange&, const Reading& now);
std::string request(std::span<const NewTask>, const Reading& now);
std::string request(std::span<const TaskKey> cancel, const Reading& now);
std::string request(const Retention&, const Reading& now);

// Makes the call that `request` wrote. Throws for octets that it did not write.
void repeat(std::string_view request, Store& store);

}  // namespace filesystem
