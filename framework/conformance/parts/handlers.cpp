// Modules of handlers: what they list. The handlers themselves are not run.
#include <set>

#include <penstock/plugin/handlers.hpp>
#include <penstock/plugin/names.hpp>

#include "conformance/parts/areas.hpp"

namespace penstock::conformance::areas {
namespace {

void sound(const Policy& policy) {
  holds(valid_name(policy.kind), "a kind that is a name, not " + text(policy.kind));
  const std::string whose = " of " + std::string(policy.kind);
  for (std::string_view alias : policy.aliases) holds(valid_name(alias), "aliases" + whose + " that are names");
  holds(policy.queue.empty() || valid_name(policy.queue), "a queue" + whose + " that is a name, or empty");
  holds(policy.weight >= 1, "a weight" + whose + " of at least 1");
  for (const auto& time : {policy.backoff, policy.backoff_cap, policy.timeout, policy.keep_result, policy.unique_for}) {
    holds(!time || *time >= Millis(0), "times" + whose + " that are not negative");
  }
  holds(!policy.retry_budget || (*policy.retry_budget >= 0 && *policy.retry_budget <= 1),
        "a retry budget" + whose + " from 0 to 1");
}

void sound(const DeclaredLimit& declared, std::string_view kind) {
  const std::string whose = " of " + std::string(kind);
  holds(declared.gate.size() <= kMaxKey, "a gate's name" + whose + " of at most 255 octets");
  holds(declared.limit.per_second >= 0 && declared.limit.burst >= 1, "a rate" + whose + " from 0 with a burst from 1");
}

constexpr Part kHandlers[] = {
    {"handlers.something_is_listed", "A module has a handler, and every entry has one.",
     [](const Opener& open) {
       const auto module = opened<Handlers>(open);
       const auto entries = module->list();
       holds(!entries.empty(), "at least one handler");
       for (const auto& entry : entries) holds(entry.handler != nullptr, "a handler for " + text(entry.policy.kind));
     }},
    {"handlers.policies_are_sound", "Kinds, aliases and queues are names, and no figure is out of its range.",
     [](const Opener& open) {
       const auto module = opened<Handlers>(open);
       for (const auto& entry : module->list()) {
         sound(entry.policy);
         for (const DeclaredLimit& limit : entry.limits) sound(limit, entry.policy.kind);
       }
     }},
    {"handlers.kinds_are_distinct", "No kind is taken twice, alias or not.",
     [](const Opener& open) {
       const auto module = opened<Handlers>(open);
       std::set<std::string> seen;
       for (const auto& entry : module->list()) {
         holds(seen.emplace(entry.policy.kind).second, "one handler for " + text(entry.policy.kind));
         for (std::string_view alias : entry.policy.aliases) {
           holds(seen.emplace(alias).second, "one handler for " + text(alias));
         }
       }
     }},
};

}  // namespace

std::span<const Part> handlers() { return kHandlers; }

}  // namespace penstock::conformance::areas
