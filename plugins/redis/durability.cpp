#include "durability.hpp"

#include <algorithm>

#include "server_facts.hpp"

namespace penstock::redis {
namespace {

Promise judge(const ServerFacts& f, std::uint32_t replicas) {
  Promise p;
  const std::string_view alone = f.level();
  p.level = alone == "power" ? Durability::power : alone == "process" ? Durability::process : Durability::memory;
  if (replicas > 0 && f.min_replicas_to_write > 0) p.level = Durability::failover;
  p.eviction = f.eviction;
  p.told = to_text(f.address) + ": Redis " + f.version + ", appendonly " + (f.append_only ? "yes" : "no") +
           ", appendfsync " + (f.append_fsync.empty() ? "not told" : f.append_fsync) + ", maxmemory-policy " +
           f.eviction + ", min-replicas-to-write " + std::to_string(f.min_replicas_to_write);
  return p;
}

}  // namespace

const char* name(Durability d) noexcept {
  constexpr const char* kNames[] = {"memory", "process", "power", "failover"};
  return kNames[static_cast<std::size_t>(d)];
}

Result<Promise> read_promise(Server& server) {
  auto facts = read_server_facts(server.client(), Clock::now() + server.options().timeout);
  if (!facts) return facts.error();
  Promise weakest;
  for (std::size_t i = 0; i < facts->size(); ++i) {
    const Promise p = judge((*facts)[i], server.options().replicas);
    const bool evicts = p.eviction != "noeviction";
    if (i == 0 || evicts || p.level < weakest.level) weakest = p;
    if (evicts) break;
  }
  return weakest;
}

}  // namespace penstock::redis
