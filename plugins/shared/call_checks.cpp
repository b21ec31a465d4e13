#include "call_checks.hpp"

#include <algorithm>
#include <cmath>
#include <mutant.hpp>
#include <string>
#include <vector>

#include <penstock/plugin/names.hpp>

namespace penstock::shared {
namespace {

Error invalid(std::string what) { return {Errc::invalid, std::move(what)}; }

std::optional<Error> too_many(const char* what, std::size_t n) {
  if (n <= kMaxBatch) return std::nullopt;
  return invalid(std::to_string(n) + " " + what + " in one call; at most " + std::to_string(kMaxBatch));
}

std::optional<std::string_view> named_twice(std::span<const Share> shares) {
  if (shares.size() < 2) return std::nullopt;
  std::vector<std::string_view> names;
  for (const Share& s : shares) names.push_back(s.queue);
  std::sort(names.begin(), names.end());
  const auto twin = std::adjacent_find(names.begin(), names.end());
  return twin == names.end() ? std::nullopt : std::optional(*twin);
}

std::optional<Error> wrong_gate(std::string_view queue, std::string_view gate) {
  if (!valid_name(queue)) return invalid("not a queue name: " + std::string(queue.substr(0, 200)));
  if (gate.size() <= kMaxKey) return std::nullopt;
  return invalid("a gate's name of " + std::to_string(gate.size()) + " octets; at most " + std::to_string(kMaxKey));
}

bool movable(State from, State to) noexcept {
  if (to == State::ready) return from == State::dead || from == State::cancelled || from == State::scheduled;
  return from == State::leased && to == State::cancelled;
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
  if (!(x.claim.empty() && x.extend.empty()) && x.lease < Millis(1))
    return invalid("a lease of " + std::to_string(x.lease.count()) + " ms; at least 1");
  if (auto name = named_twice(x.claim)) return invalid("queue named twice: " + std::string(*name));
  for (const Settlement& s : x.settle) {
    if (auto e = wrong(s.children)) return e;
  }
  return std::nullopt;
}

std::optional<Error> wrong(std::span<const NewTask> tasks) {
  if (auto e = too_many("tasks", tasks.size())) return e;
  if (std::all_of(tasks.begin(), tasks.end(), [](const NewTask& t) { return t.after.empty(); })) return std::nullopt;
  return Error{Errc::unsupported, "this backend has no dependencies (after)"};
}

std::optional<Error> wrong(std::span<const TaskKey> keys) { return too_many("keys", keys.size()); }

std::optional<Error> wrong(const Retention& r) {
  if (!ended(r.state) || r.state > State::cancelled) return invalid("only ended tasks are trimmed");
  if (r.age < Millis::zero()) return invalid("an age of " + std::to_string(r.age.count()) + " ms; not negative");
  return std::nullopt;
}

std::optional<Error> wrong_move(std::span<const TaskKey> keys, State from, State to, Millis delay) {
  if (auto e = wrong(keys)) return e;
  if (!movable(from, to)) return invalid("tasks do not move from and to these states");
  if (delay < Millis::zero()) return invalid("a delay of " + std::to_string(delay.count()) + " ms; not negative");
  return std::nullopt;
}

std::optional<Error> wrong_limit(std::string_view queue, std::string_view gate, const Limit* limit) {
  if (auto e = wrong_gate(queue, gate)) return e;
  if (!limit) return std::nullopt;
  if (!std::isfinite(limit->per_second) || limit->per_second < 0)
    return invalid("a rate of " + std::to_string(limit->per_second) + " per second");
  if (limit->burst == 0) return invalid("a burst of 0; at least 1");
  return std::nullopt;
}

std::optional<Error> wrong_hold(std::string_view queue, std::string_view gate, Millis at_most) {
  if (at_most < Millis::zero()) return invalid("a hold of " + std::to_string(at_most.count()) + " ms; not negative");
  return queue == "*" && gate.empty() ? std::nullopt : wrong_gate(queue, gate);
}

std::optional<Error> wrong_document(std::string_view name, std::string_view value, std::uint64_t max_body) {
  if (name.empty() || name.size() > kMaxDocumentName || name.find('\0') != name.npos)
    return invalid("the name of a document has 1 to " + std::to_string(kMaxDocumentName) + " octets, none of them NUL");
  if (value.size() <= max_body) return std::nullopt;
  return invalid("document " + std::string(name) + " of " + std::to_string(value.size()) + " octets; at most " +
                 std::to_string(max_body));
}

Error outdated(std::string_view document, std::uint64_t wanted, std::uint64_t seen) {
  return {Errc::conflict, "document " + std::string(document) + " is at revision " + std::to_string(seen) + ", not " +
                              std::to_string(wanted)};
}

bool Items::valid(const NewTask& t) noexcept {
  if (t.kind != kind_) {
    if (!valid_name(t.kind)) return false;
    kind_ = t.kind;
  }
  return !t.kind.empty() && t.body.size() <= max_body_ + mutant("call.body.one_too_many") && t.weight != 0 &&
         t.delay >= Millis::zero() && valid_keys(t);
}

bool Items::valid(const Settlement& s) noexcept {
  const bool verb = s.to == State::leased || s.to == State::ready || (ended(s.to) && s.to <= State::cancelled);
  if (!verb || s.note.size() > max_body_ || s.delay < Millis::zero() || s.keep < Millis::zero()) return false;
  return std::all_of(s.children.begin(), s.children.end(),
                     [&](const NewTask& c) { return c.key.queue == s.key.queue && valid(c); });
}

}  // namespace penstock::shared
