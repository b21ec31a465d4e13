// What the servers look like to an operator.
#pragma once

#include <vector>

#include <penstock/plugin/backend.hpp>

#include "server_facts.hpp"

namespace penstock::redis {

// How far the clock of a server is ahead of this host's, at the best guess. Due dates are made by the host's.
Result<Millis> clock_skew(Client& client, const Address& node, Deadline deadline) noexcept;

// `confirming`: replicas that are waited for.
std::vector<Finding> findings(const ServerFacts& facts, std::uint32_t confirming, Millis skew);

}  // namespace penstock::redis
