#include "checks.hpp"

#include <algorithm>
#include <cmath>
#include <mutant.hpp>
#include <string>
#include <vector>

#include <penstock/plugin/names.hpp>

namespace penstock::memory {
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

std::optional<std::string_view> named_twice(std::span<const Share> shares) {
  std::vector<std::string_view> names;
  for (const Share& s : shares) names.push_back(s.queue);
  std::sort(names.begin(), names.end());
  const auto twin = std::adjacent_find(names.begin(), names.end());
  return twin == names.end() ? std::nullopt : std::optional(*twin);
}

}  // namespace

std::optional<Error> wrong(const Exchange& x) {
  if (auto e = too_many("settlements", x.settle.size())) return e;
  if (auto e = too_many("extensions", x.extend.size())) return e;
  if (auto e = too_many("shares", x.claim.size())) return e;
  if (!(x.claim.empty() && x.extend.empty()) && x.lease < Millis(1)) {
    return Error{Errc::invalid, "a lease of " + std::to_string(x.lease.count()) + " ms; at least 1"};
  }
  if (x.claim.size() > 1) {
    if (auto name = named_twice(x.claim)) return Error{Errc::invalid, "queue named twice: " + std::string(*name)};
  }
  for (const Settlement& s : x.settle) {
    if (auto e = wrong(s.children)) return e;
  }
  return std::nullopt;
}

std::optional<Error> wrong(std::span<const NewTask> tasks) {
  if (auto e = too_many("tasks", tasks.size())) return e;
  if (std::all_of(tasks.begin(), tasks.end(), [](const NewTask& t) { return t.after.empty(); })) return std::nullopt;
  return Error{Errc::unsupported, "the memory backend has no dependencies (after)"};
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

bool Items::valid(const NewTask& t) noexcept {
  if (t.kind != kind_) {
    if (!valid_name(t.kind)) return false;
    kind_ = t.kind;
  }
  return !t.kind.empty() && t.body.size() <= max_body_ + mutant("memory.body.one_too_many") && t.weight != 0 &&
         t.delay >= Millis::zero() && valid_keys(t);
}

bool Items::valid(const Settlement& s) noexcept {
  const bool verb = s.to == State::leased || s.to == State::ready || (ended(s.to) && s.to <= State::cancelled);
  if (!verb || s.note.size() > max_body_ || s.delay < Millis::zero() || s.keep < Millis::zero()) return false;
  return std::all_of(s.children.begin(), s.children.end(),
                     [&](const NewTask& c) { return c.key.queue == s.key.queue && valid(c); });
}

}  // namespace penstock::memory
