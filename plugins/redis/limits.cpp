// The part of Store that is about gates and documents.
#include <algorithm>
#include <cmath>
#include <map>

#include "../shared/call_checks.hpp"
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

struct Page {
  std::string queue, cursor;
};

std::vector<GateState> read_gates(std::string_view queue, const Reply& page) {
  std::vector<GateState> out;
  const double now = static_cast<double>(integer(page[page.size() - 1].text()));
  for (std::size_t k = 0; k + 5 < page.size(); k += 4) {
    GateState s = read_gate(queue, page[k].text(), page[k + 1].text(), now);
    s.leased = static_cast<std::uint64_t>(page[k + 2].integer());
    s.waiting = static_cast<std::uint64_t>(page[k + 3].integer());
    if (s.declared || s.by_operator || s.held) out.push_back(std::move(s));
  }
  return out;
}

}  // namespace

Result<void> Store::limit(std::string_view queue, std::string_view gate, Layer layer, const Limit* limit) {
  const Deadline end = server_.deadline();
  if (auto e = shared::wrong_limit(queue, gate, limit)) return *e;
  if (auto known = server_.enroll(queue, end, true); !known) return known.error();
  Server::Run run{server_.scripts().gate, {server_.key(queue)}, server_.words()};
  run.words.add(gate);
  run.words.add(layer == Layer::operator_ ? "operator" : "declared");
  if (limit) {
    run.words.add(std::max<std::int64_t>(-1, limit->running));
    run.words.make([&](std::string& out) { out += exact(limit->per_second); });
    run.words.add(std::int64_t{limit->burst});
  }
  if (auto done = server_.run(std::move(run), end); !done) return done.error();
  return {};
}

Result<void> Store::hold(std::string_view queue, std::string_view gate, Millis at_most) {
  const Deadline end = server_.deadline();
  if (auto e = shared::wrong_hold(queue, gate, at_most)) return *e;
  if (queue == "*" && gate.empty()) return hold_all(at_most, end);
  if (auto known = server_.enroll(queue, end, true); !known) return known.error();
  Server::Run run{server_.scripts().gate, {server_.key(queue)}, server_.words()};
  run.words.add(gate);
  run.words.add("hold");
  run.words.add(at_most == kHoldForever ? std::int64_t{-1} : std::int64_t{at_most.count()});
  if (auto done = server_.run(std::move(run), end); !done) return done.error();
  return {};
}

// What new queues will be told first, the queues there are then.
Result<void> Store::hold_all(Millis at_most, Deadline end) {
  const std::string ms = at_most == kHoldForever ? "-1" : std::to_string(at_most.count());
  if (auto done = server_.run(server_.all(ms), end); !done) return done.error();
  auto names = server_.queues(end);
  if (!names) return half_done(names.error());
  std::vector<Server::Run> runs;
  for (const std::string& name : *names) runs.push_back(server_.hold_of_all(name, ms));
  for (auto& done : server_.run(runs, end)) {
    if (!done) return half_done(done.error());
  }
  return {};
}

Result<std::vector<GateState>> Store::gates(std::string_view queue) {
  const Deadline end = server_.deadline();
  std::vector<GateState> out;
  if (queue.empty() || queue == "*") {
    const auto told = server_.run(server_.all(""), end);
    if (!told) return told.error();
    if (const std::string_view held = (*told)[0].text(); !held.empty()) {
      GateState& all = out.emplace_back();
      all.queue = "*";
      all.held = held == "ever" ? kHoldForever : Millis(integer(held));
    }
  }
  auto names = server_.queues(end);
  if (!names) return names.error();
  std::erase_if(*names, [&](const std::string& name) { return !queue.empty() && queue != name; });
  std::map<std::pair<std::string, std::string>, GateState> found;  // by queue and gate: it may be on two pages
  std::vector<Page> pages;
  for (const std::string& name : *names) pages.push_back({name, "0"});
  while (!pages.empty()) {
    std::vector<Server::Run> runs;
    for (const Page& page : pages) {
      Server::Run& run =
          runs.emplace_back(Server::Run{server_.scripts().gates, {server_.key(page.queue)}, server_.words(), false});
      run.words.add(page.cursor);
    }
    const auto answers = server_.run(runs, end);
    std::vector<Page> more;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i]) return answers[i].error();
      for (GateState& s : read_gates(pages[i].queue, *answers[i])) found[{s.queue, s.gate}] = std::move(s);
      const std::string_view cursor = (*answers[i])[answers[i]->size() - 2].text();
      if (cursor != "0") more.push_back({pages[i].queue, std::string(cursor)});
    }
    pages = std::move(more);
  }
  for (auto& [name, state] : found) out.push_back(std::move(state));
  return out;
}

// ---- documents: a hash of name to revision (a double) and value

Result<std::vector<Document>> Store::documents(std::string_view prefix) {
  const Deadline end = server_.deadline();
  const std::string key = server_.shared("documents");
  std::map<std::string, Document> found;  // one may be on two pages
  std::string cursor = "0";
  do {
    const auto page = server_.command({"HSCAN", key, cursor, "COUNT", "250"}, end, true);
    if (!page) return page.error();
    cursor = (*page)[0].text();
    const Reply some = (*page)[1];
    for (std::size_t i = 0; i + 1 < some.size(); i += 2) {
      const Reply name = some[i], value = some[i + 1];
      if (!name.text().starts_with(prefix) || value.text().size() < 8) continue;
      Document& d = found[std::string(name.text())];
      d = {std::string(name.text()), std::string(value.text().substr(8)),
           static_cast<std::uint64_t>(number(value.text(), 0))};
    }
  } while (cursor != "0" && !cursor.empty());
  std::vector<Document> out;
  for (auto& [name, document] : found) out.push_back(std::move(document));
  return out;
}

Result<std::uint64_t> Store::put(const Document& d) {
  const Deadline end = server_.deadline();
  if (auto e = shared::wrong_document(d.name, d.value, max_body())) return *e;
  Server::Run run{server_.scripts().document, {server_.shared("documents")}, Words()};
  run.words.add(d.name);
  run.words.add(static_cast<std::int64_t>(d.revision));
  run.words.add(d.value);
  auto answer = server_.run(std::move(run), end);
  if (!answer) return answer.error();
  if (answer->integer() <= 0)
    return shared::outdated(d.name, d.revision, static_cast<std::uint64_t>(-answer->integer() - 1));
  return static_cast<std::uint64_t>(answer->integer());
}

}  // namespace penstock::redis
