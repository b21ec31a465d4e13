// What the servers say about themselves that decides what a stored task survives.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client.hpp"

namespace penstock::redis {

enum class Durability : std::uint8_t { memory, process, power, failover };
const char* name(Durability) noexcept;

struct ServerFacts {
  Address address;
  std::string version, run_id;
  bool append_only = false;
  std::string append_fsync;  // "always", "everysec", "no"; empty: we may not ask (CONFIG is refused)
  std::uint64_t max_memory = 0;
  std::string eviction;                     // of keys when memory is full: anything but "noeviction" loses tasks
  std::uint32_t replicas = 0;               // connected now
  std::uint32_t min_replicas_to_write = 0;  // of which, when CONFIG is refused, only 0 or more is known

  // What such a server gives: `power` when it syncs before it answers, `process` when it writes before it answers, else
  // `memory`; `failover` whatever it writes, when it wants replicas and `confirming` of them are waited for. What it
  // does not tell counts as the weaker one.
  Durability level(std::uint32_t confirming = 0) const noexcept;
  bool evicts() const noexcept { return eviction != "noeviction"; }
  std::string told() const;  // the settings, for people
};

// Of every master, in the order of their addresses. The first error of any of them is the answer.
Result<std::vector<ServerFacts>> read_server_facts(Client& client, Deadline deadline) noexcept;

// The one that promises least, of one or more; one that evicts comes before all others.
const ServerFacts& weakest(const std::vector<ServerFacts>&, std::uint32_t confirming) noexcept;

// Out of the text of INFO; what is not in it stays as it is.
void read_info(std::string_view info, ServerFacts& facts);

}  // namespace penstock::redis
