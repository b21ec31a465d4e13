#include "durability.hpp"

#include <algorithm>
#include <charconv>

namespace penstock::redis {
namespace {

constexpr std::string_view kAsked[] = {"appendonly", "appendfsync", "maxmemory-policy", "min-replicas-to-write"};

Promise judge(const std::string (&values)[4], std::uint32_t replicas) {
  Promise p;
  int at_least = 0;
  std::from_chars(values[3].data(), values[3].data() + values[3].size(), at_least);
  if (values[0] == "yes") p.level = values[1] == "always" ? Durability::power : Durability::process;
  if (replicas > 0 && at_least > 0) p.level = Durability::failover;
  p.eviction = values[2];
  for (std::size_t i = 0; i < 4; ++i) p.told += (i ? ", " : "") + std::string(kAsked[i]) + " " + values[i];
  return p;
}

}  // namespace

const char* name(Durability d) noexcept {
  constexpr const char* kNames[] = {"memory", "process", "power", "failover"};
  return kNames[static_cast<std::size_t>(d)];
}

Result<Promise> read_promise(Server& server) {
  const Deadline deadline = Clock::now() + server.options().timeout;
  auto nodes = server.client().nodes(deadline);
  if (!nodes) return nodes.error();
  std::vector<Call> calls;
  std::vector<std::vector<std::string_view>> words;
  words.reserve(nodes->size() * 4);
  for (const Address& node : *nodes) {
    for (const std::string_view setting : kAsked) {
      Call& c = calls.emplace_back();
      words.push_back({"CONFIG", "GET", setting});
      c.args = words.back();
      c.node = &node;
      c.safe_to_repeat = true;
    }
  }
  auto answers = server.client().call(calls, deadline);
  Promise weakest;
  for (std::size_t n = 0; n < nodes->size(); ++n) {
    std::string values[4];
    for (std::size_t i = 0; i < 4; ++i) {
      const auto& a = answers[4 * n + i];
      if (!a) {
        return Error{a.error().code, "the server's settings cannot be read (CONFIG GET): " + a.error().message,
                     a.error().retryable};
      }
      values[i] = (*a)[1].text();
    }
    const Promise p = judge(values, server.options().replicas);
    if (n == 0 || p.level < weakest.level || p.eviction != "noeviction") weakest = p;
  }
  return weakest;
}

}  // namespace penstock::redis
