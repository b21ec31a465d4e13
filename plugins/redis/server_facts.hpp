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
  std::string append_fsync;   // "always", "everysec", "no"; empty: we may not ask (CONFIG is refused)
  bool syncs_always = false;  // not even while the file is rewritten (no-appendfsync-on-rewrite) does it go without
  bool cuts_log = true;       // aof-load-truncated: it starts on a log that ends in the midst of a write
  std::uint64_t max_memory = 0;
  std::string eviction;                     // of keys when memory is full: anything but "noeviction" loses tasks
  std::uint32_t replicas = 0;               // connected now
  std::uint32_t min_replicas_to_write = 0;  // of which, when CONFIG is refused, only 0 or more is known

  // What such a server gives by itself: `power` when it syncs before it answers, `process` when it writes before it
  // answers, else `memory`. That is `everysec` too: while a sync takes long it writes nothing for up to two seconds,
  // and answers all the same. What it does not tell counts as the weaker one.
  Durability alone() const noexcept;
  // With its replicas: `failover` when it wants some, and `confirming` of them are waited for. It must write before it
  // answers as well: if it is killed and is back before it was missed, its replicas forget what it has forgotten.
  Durability level(std::uint32_t confirming = 0) const noexcept;
  // Replicas are no help in a power cut.
  bool gives(Durability wanted, std::uint32_t confirming) const noexcept;
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
