// What the server's own settings promise.
#pragma once

#include <string>

#include <penstock/plugin/result.hpp>

#include "server.hpp"

namespace penstock::redis {

enum class Durability : std::uint8_t { memory, process, power, failover };
const char* name(Durability) noexcept;

struct Promise {
  Durability level = Durability::memory;
  std::string eviction;  // maxmemory-policy
  std::string told;      // the settings, for people
};

// Asks every master; the weakest one counts. `replicas`: as StoreOptions has it.
Result<Promise> read_promise(Server&);

}  // namespace penstock::redis
