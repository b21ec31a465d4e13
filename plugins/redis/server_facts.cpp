#include "server_facts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

namespace penstock::redis {
namespace {

template <class Number>
void read(std::string_view text, Number& number) {
  std::from_chars(text.data(), text.data() + text.size(), number);
}

void read_line(std::string_view key, std::string_view value, ServerFacts& facts) {
  if (key == "redis_version") facts.version = value;
  if (key == "run_id") facts.run_id = value;
  if (key == "aof_enabled") facts.append_only = value == "1";
  if (key == "maxmemory") read(value, facts.max_memory);
  if (key == "maxmemory_policy") facts.eviction = value;
  if (key == "connected_slaves") read(value, facts.replicas);
  if (key == "min_slaves_good_slaves") facts.min_replicas_to_write = 1;  // said only when a minimum is set
}

// CONFIG GET of one setting: its name and its value. Servers before 7.0 answer only one at a time.
std::string_view setting(const Result<Reply>& result) { return result ? (*result)[1].text() : std::string_view(); }

Result<ServerFacts> read_one(Client& client, const Address& node, Deadline deadline) {
  constexpr std::array<std::string_view, 1> kInfo{"INFO"};
  constexpr std::array<std::string_view, 3> kFsync{"CONFIG", "GET", "appendfsync"};
  constexpr std::array<std::string_view, 3> kReplicas{"CONFIG", "GET", "min-replicas-to-write"};
  constexpr std::array<std::string_view, 3> kPause{"CONFIG", "GET", "no-appendfsync-on-rewrite"};
  constexpr std::array<std::string_view, 3> kTruncated{"CONFIG", "GET", "aof-load-truncated"};
  std::array<Call, 5> calls;
  calls[0].args = kInfo, calls[1].args = kFsync, calls[2].args = kReplicas, calls[3].args = kPause;
  calls[4].args = kTruncated;
  for (Call& call : calls) call.node = &node, call.safe_to_repeat = true;
  const auto results = client.call(calls, deadline);
  for (const auto& result : results) {
    if (!result && (&result == &results[0] || result.error().code == Errc::unavailable)) return result.error();
  }
  ServerFacts facts;
  facts.address = node;
  read_info(results[0]->text(), facts);
  facts.append_fsync = setting(results[1]);
  facts.syncs_always = setting(results[3]) == "no";
  facts.cuts_log = setting(results[4]) != "no";
  read(setting(results[2]), facts.min_replicas_to_write);
  return facts;
}

}  // namespace

const char* name(Durability d) noexcept {
  constexpr const char* kNames[] = {"memory", "process", "power", "failover"};
  return kNames[static_cast<std::size_t>(d)];
}

Durability ServerFacts::alone() const noexcept {
  if (!append_only) return Durability::memory;
  if (append_fsync == "always") return syncs_always ? Durability::power : Durability::process;
  return append_fsync == "no" ? Durability::process : Durability::memory;
}

Durability ServerFacts::level(std::uint32_t confirming) const noexcept {
  const bool copied = confirming > 0 && min_replicas_to_write > 0;
  return copied && alone() >= Durability::process ? Durability::failover : alone();
}

bool ServerFacts::gives(Durability wanted, std::uint32_t confirming) const noexcept {
  return wanted == Durability::failover ? level(confirming) == wanted : alone() >= wanted;
}

std::string ServerFacts::told() const {
  std::string out = to_text(address) + ": Redis " + version + ", appendonly " + (append_only ? "yes" : "no") +
                    ", appendfsync " + (append_fsync.empty() ? "not told" : append_fsync);
  if (append_only && append_fsync == "everysec") out += " (answers before it has written, while the disk is slow)";
  if (append_only && append_fsync == "always" && !syncs_always) out += ", no-appendfsync-on-rewrite yes or not told";
  return out + ", maxmemory-policy " + eviction + ", min-replicas-to-write " + std::to_string(min_replicas_to_write);
}

const ServerFacts& weakest(const std::vector<ServerFacts>& facts, std::uint32_t confirming) noexcept {
  return *std::min_element(facts.begin(), facts.end(), [=](const ServerFacts& a, const ServerFacts& b) {
    return std::tuple(!a.evicts(), a.level(confirming)) < std::tuple(!b.evicts(), b.level(confirming));
  });
}

void read_info(std::string_view info, ServerFacts& facts) {
  while (!info.empty()) {
    const std::size_t end = info.find("\r\n"), colon = info.find(':');
    if (colon < end) read_line(info.substr(0, colon), info.substr(colon + 1, end - colon - 1), facts);
    if (end == std::string_view::npos) return;
    info.remove_prefix(end + 2);
  }
}

Result<std::vector<ServerFacts>> read_server_facts(Client& client, Deadline deadline) noexcept {
  return guard([&]() -> Result<std::vector<ServerFacts>> {
    const auto nodes = client.nodes(deadline);
    if (!nodes) return nodes.error();
    std::vector<ServerFacts> out;
    for (const Address& node : *nodes) {
      Result<ServerFacts> facts = read_one(client, node, deadline);
      if (!facts) return facts.error();
      out.push_back(std::move(facts).value());
    }
    return out;
  });
}

}  // namespace penstock::redis
