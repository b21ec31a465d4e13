#include "checks.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <penstock/plugin/names.hpp>

namespace penstock::redis {
namespace {

std::optional<Error> too_many(const char* what, std::size_t n) {
  if (n <= kMaxBatch) return std::nullopt;
  return Error{Errc::invalid, std::to_string(n) + " " + what + " in one call; at most " + std::to_string(kMaxBatch)};
}

bool valid_keys(const NewTask& t) noexcept {
  if (t.unique.size() > kMaxKey || t.fair.size() > kMaxKey || t.gates.size() > kMaxGates) return false;
  for (auto g = t.gates.begin(); g != t.gates.end(); ++g) {
    if (g->empty() || g->size() > kMaxKey || std::find(t.gates.begin(), g, *g) != g) return false;
  }
  return t.unique_for >= Millis::zero() && t.unique_while <= Unique::waiting;
}

}  // namespace

std::optional<Error> wrong(const Exchange& x) {
  if (auto e = too_many("settlements", x.settle.size())) return e;
  if (auto e = too_many("extensions", x.extend.size())) return e;
  if (auto e = too_many("shares", x.claim.size())) return e;
  if (!(x.claim.empty() && x.extend.empty()) && x.lease < Millis(1)) {
    return Error{Errc::invalid, "a lease of " + std::to_string(x.lease.count()) + " ms; at least 1"};
  }
  std::vector<std::string_view> names;
  for (const Share& s : x.claim) names.push_back(s.queue);
  std::sort(names.begin(), names.end());
  const auto twin = std::adjacent_find(names.begin(), names.end());
  if (twin != names.end()) return Error{Errc::invalid, "queue named twice: " + std::string(*twin)};
  for (const Settlement& s : x.settle) {
    if (auto e = wrong(s.children)) return e;
  }
  return std::nullopt;
}

std::optional<Error> wrong(std::span<const NewTask> tasks) {
  if (auto e = too_many("tasks", tasks.size())) return e;
  if (std::all_of(tasks.begin(), tasks.end(), [](const NewTask& t) { return t.after.empty(); })) return std::nullopt;
  return Error{Errc::unsupported, "the redis backend has no dependencies (after)"};
}

std::optional<Error> wrong(std::span<const TaskKey> keys) { return too_many("keys", keys.size()); }

std::optional<Error> wrong_gate(std::string_view queue, std::string_view gate) {
  if (!valid_name(queue)) return Error{Errc::invalid, "not a queue name: " + std::string(queue.substr(0, 200))};
  if (gate.size() <= kMaxKey) return std::nullopt;
  return Error{Errc::invalid, "a gate's name of " + std::to_string(gate.size()) + " octets; at most 255"};
}

std::optional<Error> wrong(const Limit& limit) {
  if (!std::isfinite(limit.per_second) || limit.per_second < 0) {
    return Error{Errc::invalid, "a rate of " + std::to_string(limit.per_second) + " per second"};
  }
  if (limit.burst == 0) return Error{Errc::invalid, "a burst of 0; at least 1"};
  return std::nullopt;
}

std::optional<Error> wrong_document(std::string_view name, std::string_view value, std::uint64_t max_body) {
  if (name.empty() || name.size() > 1024)
    return Error{Errc::invalid, "document name of " + std::to_string(name.size()) + " octets"};
  if (value.size() <= max_body) return std::nullopt;
  return Error{Errc::invalid, "document " + std::string(name) + " of " + std::to_string(value.size()) +
                                  " octets; at most " + std::to_string(max_body)};
}

Error outdated(std::string_view document, std::uint64_t wanted, std::int64_t seen) {
  return {Errc::conflict, "document " + std::string(document) + " is at revision " + std::to_string(seen) + ", not " +
                              std::to_string(wanted)};
}

bool movable(State from, State to) noexcept {
  if (to == State::ready) return from == State::dead || from == State::cancelled || from == State::scheduled;
  return from == State::leased && to == State::cancelled;
}

bool valid(const NewTask& t, std::uint64_t max_body) noexcept {
  return valid_name(t.key.queue) && valid_name(t.kind) && t.body.size() <= max_body && t.weight != 0 &&
         t.delay >= Millis::zero() && valid_keys(t);
}

bool valid(const Settlement& s, std::uint64_t max_body) noexcept {
  const bool verb = s.to == State::leased || s.to == State::ready || (ended(s.to) && s.to <= State::cancelled);
  if (!verb || !valid_name(s.key.queue) || s.note.size() > max_body || s.delay < Millis::zero() ||
      s.keep < Millis::zero())
    return false;
  return std::all_of(s.children.begin(), s.children.end(),
                     [&](const NewTask& c) { return c.key.queue == s.key.queue && valid(c, max_body); });
}

}  // namespace penstock::redis
