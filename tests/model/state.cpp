// The whole state of backend and model, side by side: part of the player.
#include <algorithm>

#include "model/player.hpp"

namespace penstock::model {

using std::to_string;

std::vector<TaskKey> Player::everything() const {
  std::vector<TaskKey> out;
  out.reserve(sent_.size());
  for (const Key& key : sent_) out.push_back({key.queue, task_id(key.id)});
  return out;
}

std::vector<std::optional<Record>> Player::get(const std::vector<TaskKey>& keys) {
  std::vector<std::optional<Record>> out;
  out.reserve(keys.size());
  for (std::size_t at = 0; at < keys.size();) {
    std::size_t n = std::min<std::size_t>(keys.size() - at, properties_.max_batch);
    auto some = backend().get({keys.data() + at, n});
    if (!some) throw Diverged("get: " + some.error().message);
    if (some->size() != n) throw Diverged("get: " + to_string(some->size()) + " answers to " + to_string(n) + " keys");
    for (auto& record : *some) out.push_back(std::move(record));
    at += n;
  }
  return out;
}

void Player::compare_state() {
  compare_tasks();
  if (auto* registry = query<Registry>(backend())) compare_documents(*registry);
  if (auto* gates = query<Gates>(backend())) compare_gates(*gates);
}

// What the backend keeps more than once agrees with itself, where it can tell.
void Player::audit() {
  auto* audit = query<Audit>(backend());
  if (!audit) return;
  const auto seen = audit->audit(1);
  if (!seen) throw Diverged("audit: " + seen.error().message);
  for (const Violation& v : seen->violations) throw Diverged("audit: " + v.rule + ", " + v.where + ": " + v.what);
}

void Player::compare_tasks() {
  const auto keys = everything();
  const auto seen = get(keys);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto what = [&] { return "get " + std::string(keys[i].queue) + "/" + name(keys[i].id); };
    const std::optional<Record> ours = model_.get(keys[i]), &theirs = seen[i];
    if (!ours && !theirs) continue;
    if (!ours || !theirs || !same(*ours, *theirs)) expect(what(), text(ours), text(theirs) + " ");
    if (!epochs_.bind(keys[i].queue, ours->epoch, theirs->epoch))
      throw Diverged(what() + ": epoch " + to_string(theirs->epoch) + " is not the one for e" + to_string(ours->epoch));
  }
  auto counts = backend().counts();
  if (!counts) throw Diverged("counts: " + counts.error().message);
  const auto table = [](const std::vector<Counts>& all) {
    std::string out;
    for (const Counts& c : all) out += "\n        " + text(c);
    return out;
  };
  expect("counts", table(model_.counts()), table(*counts));
}

void Player::compare_documents(Registry& registry) {
  auto documents = registry.list("doc/");
  if (!documents) throw Diverged("documents: " + documents.error().message);
  const auto names = [](const std::vector<Document>& all) {
    std::string out;
    for (const Document& d : all) out += d.name + " = " + in_quotes(d.value) + " ";
    return out;
  };
  std::vector<Document> expected;
  for (const auto& [name, document] : model_.documents) expected.push_back(document);
  expect("documents", names(expected), names(*documents));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    auto& known = revisions_[expected[i].name];
    if (known.size() < expected[i].revision) known.push_back((*documents)[i].revision);
    if (known.back() != (*documents)[i].revision || std::count(known.begin(), known.end(), known.back()) != 1)
      throw Diverged("documents: the revision of " + expected[i].name);
  }
}

void Player::compare_gates(Gates& gates) {
  auto seen = gates.gates("");
  if (!seen) throw Diverged("gates: " + seen.error().message);
  const auto table = [](const std::vector<GateState>& all) {
    std::string out;
    for (const GateState& g : all) out += "\n        " + text(g);
    return out;
  };
  auto expected = model_.gates();
  expect("gates", table(expected), table(*seen));
  for (std::size_t i = 0; i < expected.size(); ++i)
    if ((*seen)[i].waiting > expected[i].waiting)
      throw Diverged("gates: " + text(expected[i]) + ": more flows wait there than it has tasks");
}

}  // namespace penstock::model
