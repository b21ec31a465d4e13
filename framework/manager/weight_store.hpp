// The weights of queues that are kept in the store: "penstock.weights/QUEUE", a number, or nothing when it was taken
// away.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <penstock/plugin/backend.hpp>

namespace penstock::impl {

inline constexpr unsigned kMostWeight = 1'000'000;
using Weights = std::map<std::string, unsigned>;

// What is stored; a document that is no weight says nothing.
Result<Weights> read_weights(Registry&);
// Whoever else writes it meanwhile: the last one wins.
Result<void> write_weight(Registry&, std::string_view queue, std::optional<unsigned> weight);

}  // namespace penstock::impl
