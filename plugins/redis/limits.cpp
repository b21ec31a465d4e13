// The part of Store that is about gates and documents.
#include <algorithm>
#include <cmath>

#include "checks.hpp"
#include "packing.hpp"
#include "store.hpp"

namespace penstock::redis {
namespace {

std::string exact(double v) {
  char out[32];
  return std::string(out, static_cast<std::size_t>(std::snprintf(out, sizeof out, "%.17g", v)));
}

std::optional<Limit> read_limit(std::string_view set, std::size_t at) {
  Limit l;
  l.running = static_cast<std::int64_t>(number(set, at));
  l.per_second = number(set, at + 8);
  l.burst = static_cast<std::uint32_t>(number(set, at + 16));
  return l;
}

// As P:limit has it; see lua/meter.lua.
GateState read_gate(std::string_view queue, std::string_view gate, std::string_view set, double now) {
  GateState s;
  s.queue = queue;
  s.gate = gate;
  const int flags = set.empty() ? 0 : set[0];
  if (flags & 1) s.declared = read_limit(set, 1);
  if (flags & 2) s.by_operator = read_limit(set, 25);
  const double held = number(set, 49);
  if (held > now) s.held = std::isinf(held) ? kHoldForever : millis(std::ceil(held - now));
  return s;
}

Error outdated(std::string_view name, std::uint64_t wanted, std::int64_t seen) {
  return {Errc::conflict, "document " + std::string(name) + " is at revision " + std::to_string(seen) + ", not " +
                              std::to_string(wanted)};
}

}  // namespace

Result<void> Store::limit(std::string_view queue, std::string_view gate, Layer layer, const Limit* limit) {
  if (auto e = wrong_gate(queue, gate)) return *e;
  if (limit) {
    if (auto e = wrong(*limit)) return *e;
  }
  if (auto known = server_.enroll(queue); !known) return known.error();
  Server::Run run{server_.scripts().gate, {server_.key(queue)}, server_.words()};
  run.words.add(gate);
  run.words.add(layer == Layer::operator_ ? "operator" : "declared");
  if (limit) {
    run.words.add(std::max<std::int64_t>(-1, limit->running));
    run.words.make([&](std::string& out) { out += exact(limit->per_second); });
    run.words.add(std::int64_t{limit->burst});
  }
  if (auto done = server_.run(std::move(run)); !done) return done.error();
  return {};
}

Result<void> Store::hold(std::string_view queue, std::string_view gate, Millis at_most) {
  if (at_most < Millis(0)) return Error{Errc::invalid, "a hold of a negative time"};
  if (queue == "*" && gate.empty()) return hold_all(at_most);
  if (auto e = wrong_gate(queue, gate)) return *e;
  if (auto known = server_.enroll(queue); !known) return known.error();
  Server::Run run{server_.scripts().gate, {server_.key(queue)}, server_.words()};
  run.words.add(gate);
  run.words.add("hold");
  run.words.add(at_most == kHoldForever ? std::int64_t{-1} : std::int64_t{at_most.count()});
  if (auto done = server_.run(std::move(run)); !done) return done.error();
  return {};
}

// What new queues will be told first, the queues there are then.
Result<void> Store::hold_all(Millis at_most) {
  const std::int64_t ms = at_most == kHoldForever ? -1 : at_most.count();
  Server::Run all{server_.scripts().all, {server_.shared("hold")}, server_.words()};
  all.words.add(ms);
  if (auto done = server_.run(std::move(all)); !done) return done.error();
  auto names = server_.queues();
  if (!names) return half_done(names.error());
  std::vector<Server::Run> runs;
  for (const std::string& name : *names) {
    Server::Run& run = runs.emplace_back(Server::Run{server_.scripts().gate, {server_.key(name)}, server_.words()});
    run.words.add("");
    run.words.add("all");
    run.words.add(ms);
  }
  for (auto& done : server_.run(runs)) {
    if (!done) return half_done(done.error());
  }
  return {};
}

Result<std::vector<GateState>> Store::gates(std::string_view queue) {
  std::vector<GateState> out;
  if (queue.empty() || queue == "*") {
    Server::Run ask{server_.scripts().all, {server_.shared("hold")}, server_.words(), false};
    ask.words.add("");
    auto held = server_.run(std::move(ask));
    if (!held) return held.error();
    if (!held->text().empty()) {
      GateState& all = out.emplace_back();
      all.queue = "*";
      all.held = held->text() == "ever" ? kHoldForever : Millis(integer(held->text()));
    }
  }
  auto names = server_.queues();
  if (!names) return names.error();
  std::vector<Server::Run> runs;
  std::vector<std::string> asked;
  for (const std::string& name : *names) {
    if (!queue.empty() && queue != name) continue;
    runs.emplace_back(Server::Run{server_.scripts().gates, {server_.key(name)}, server_.words(), false});
    asked.push_back(name);
  }
  auto answers = server_.run(runs);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) return answers[i].error();
    const Reply& a = *answers[i];
    const double now = static_cast<double>(integer(a[a.size() - 1].text()));
    const auto first = static_cast<std::ptrdiff_t>(out.size());
    for (std::size_t k = 0; k + 4 < a.size(); k += 4) {
      GateState s = read_gate(asked[i], a[k].text(), a[k + 1].text(), now);
      s.leased = static_cast<std::uint64_t>(a[k + 2].integer());
      s.waiting = static_cast<std::uint64_t>(a[k + 3].integer());
      if (s.declared || s.by_operator || s.held) out.push_back(std::move(s));
    }
    std::sort(out.begin() + first, out.end(), [](const GateState& l, const GateState& r) { return l.gate < r.gate; });
  }
  return out;
}

// ---- documents: a hash of name to revision (a double) and value

Result<std::vector<Document>> Store::documents(std::string_view prefix) {
  std::vector<Document> out;
  Server::Run ask{server_.scripts().documents, {server_.shared("documents")}, Words(), false};
  ask.words.add(prefix);
  auto all = server_.run(std::move(ask));
  if (!all) return all.error();
  for (std::size_t i = 0; i + 1 < all->size(); i += 2) {
    const Reply name = (*all)[i], value = (*all)[i + 1];
    if (value.text().size() < 8) continue;
    out.push_back({std::string(name.text()), std::string(value.text().substr(8)),
                   static_cast<std::uint64_t>(number(value.text(), 0))});
  }
  std::sort(out.begin(), out.end(), [](const Document& l, const Document& r) { return l.name < r.name; });
  return out;
}

Result<std::uint64_t> Store::put(const Document& d) {
  if (auto e = wrong_document(d.name, d.value, max_body())) return *e;
  Server::Run run{server_.scripts().document, {server_.shared("documents")}, Words()};
  run.words.add(d.name);
  run.words.add(static_cast<std::int64_t>(d.revision));
  run.words.add(d.value);
  auto answer = server_.run(std::move(run));
  if (!answer) return answer.error();
  if (answer->integer() <= 0) return outdated(d.name, d.revision, -answer->integer() - 1);
  return static_cast<std::uint64_t>(answer->integer());
}

}  // namespace penstock::redis
