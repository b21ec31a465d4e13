#include "diagnosis.hpp"

#include <array>
#include <chrono>

#include "decimal.hpp"

namespace penstock::redis {
namespace {

using std::chrono::system_clock;

constexpr Millis kMostSkew{1000};

std::int64_t whole(std::string_view text) { return decimal<std::int64_t>(text).value_or(0); }

Finding of_log(const ServerFacts& f) {
  Finding out{"appendonly", f.append_only ? "yes" : "no"};
  if (f.append_only) return out;
  out.risk = "tasks end with the server: appendonly yes keeps them in a file";
  return out;
}

Finding of_sync(const ServerFacts& f) {
  Finding out{"appendfsync", f.append_fsync.empty() ? "not told" : f.append_fsync};
  if (f.append_fsync.empty())
    out.risk = "CONFIG GET is refused to this user, so that no level above memory can be known";
  if (!f.append_only) return out;
  if (f.append_fsync == "everysec") {
    out.risk = "while the disk is slow it answers up to two seconds before it has written: a kill -9 then loses tasks";
  }
  if (f.append_fsync == "no") {
    out.risk = "the system decides when the file is written to the disk: always bounds what a power cut costs";
  }
  if (f.append_fsync == "always" && !f.syncs_always) {
    out.risk = "no-appendfsync-on-rewrite is yes, or not told: a power cut while the file is rewritten loses tasks";
  }
  return out;
}

Finding of_torn_log(const ServerFacts& f) {
  Finding out{"torn log", f.cuts_log ? "cut, or not told" : "refused"};
  if (f.append_only && f.cuts_log) {
    out.risk = "half a script may count after a crash: aof-load-truncated no, then redis-check-aof --fix, prevents it";
  }
  return out;
}

Finding of_memory(const ServerFacts& f) {
  Finding out{"memory", f.max_memory == 0 ? "no limit" : std::to_string(f.max_memory >> 20) + " MiB at the most"};
  out.value += ", " + f.eviction;
  if (f.evicts()) out.risk = "keys are thrown away when it is full: maxmemory-policy noeviction refuses instead";
  return out;
}

Finding of_replicas(const ServerFacts& f, std::uint32_t confirming) {
  Finding out{"replicas", std::to_string(f.replicas) + " connected, " + std::to_string(f.min_replicas_to_write) +
                              " wanted by the server, " + std::to_string(confirming) + " waited for"};
  if (f.replicas < f.min_replicas_to_write) out.risk = "the server takes no writes until more of them are connected";
  if (f.replicas < confirming) out.risk = "changes are answered with unknown_outcome until more of them are connected";
  return out;
}

}  // namespace

Result<Millis> clock_skew(Client& client, const Address& node, Deadline deadline) noexcept {
  constexpr std::array<std::string_view, 1> kTime{"TIME"};
  Call call;
  call.args = kTime, call.node = &node, call.safe_to_repeat = true;
  const auto before = system_clock::now();
  const auto answer = client.call(call, deadline);
  const auto after = system_clock::now();
  if (!answer) return answer.error();
  const std::chrono::microseconds there{whole((*answer)[0].text()) * 1'000'000 + whole((*answer)[1].text())};
  const auto here = before.time_since_epoch() + (after - before) / 2;
  return std::chrono::round<Millis>(there - here);
}

std::vector<Finding> findings(const ServerFacts& f, std::uint32_t confirming, Millis skew) {
  std::vector<Finding> out{{"server", to_text(f.address)},
                           {"version", "Redis " + f.version},
                           {"durability", name(f.level(confirming))},
                           of_log(f),
                           of_sync(f),
                           of_torn_log(f),
                           of_memory(f),
                           of_replicas(f, confirming)};
  Finding& clock = out.emplace_back(Finding{"clock", std::to_string(skew.count()) + " ms ahead of this host's"});
  if (std::chrono::abs(skew) > kMostSkew)
    clock.risk = "due dates come that much too early or too late: use NTP on both";
  return out;
}

}  // namespace penstock::redis
