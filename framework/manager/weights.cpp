// The shares of queues: by the weights in the store, else by those of the config.
#include <algorithm>

#include <penstock/plugin/names.hpp>

#include "manager/impl.hpp"

namespace penstock::impl {

Registry& Manager::weights_registry() {
  if (registry_) return *registry_;
  throw Exception(
      Error{Errc::unsupported, "backend \"" + options_.backend.use + "\" has no registry, so it keeps no weights"});
}

void Manager::set_weight(std::string_view queue, std::optional<unsigned> weight) {
  if (!valid_name(queue))
    throw Exception(Error{Errc::invalid, "not a queue name: " + std::string(queue.substr(0, 200))});
  if (weight && (*weight < 1 || *weight > kMostWeight))
    throw Exception(Error{Errc::invalid, "a weight of " + std::to_string(*weight) + "; 1 to 1000000"});
  value_or_throw(write_weight(weights_registry(), queue, weight));
}

Weights Manager::weights() { return value_or_throw(read_weights(weights_registry())); }

// Takes over what the store has, if it can be read now.
void Manager::refresh_weights(Locked& state) {
  if (!registry_) return;
  state.unlock();
  Result<Weights> read = read_weights(*registry_);
  state.relock();
  if (!read || *read == state->stored_weights) return;
  state->stored_weights = std::move(*read);
  use_weights(*state);
}

void Manager::use_weights(ManagerState& state) {
  Weights weights = options_.queues;
  for (const auto& [queue, weight] : state.stored_weights) weights[queue] = weight;
  std::vector<std::pair<std::string, std::uint32_t>> queues;
  for (const std::string& name : state.served) {
    const auto own = weights.find(name);
    queues.emplace_back(name, own == weights.end() ? weights.at("*") : own->second);
  }
  state.engine.set_queues(std::move(queues));
  state.scheduler.set_weights(weights);
}

}  // namespace penstock::impl
