#include "conformance/mutants/faulty.hpp"

#include <algorithm>

namespace penstock::conformance {

void* Faulty::query(std::string_view id) noexcept {
  if (id == f_.hidden || !in_->query(id)) return nullptr;
  void* mine = offer<Waiter, Registry, Browser, Gates, Leadership>(this, id);
  return mine ? mine : in_->query(id);
}

Properties Faulty::properties() const noexcept {
  Properties p = in_->properties();
  bend(f_.properties, p);
  return p;
}

Result<Exchanged> Faulty::exchange(const Exchange& asked) noexcept {
  Exchange e = asked;
  std::vector<Settlement> settle(asked.settle.begin(), asked.settle.end());
  std::vector<Share> claim(asked.claim.begin(), asked.claim.end());
  for (Settlement& s : settle) bend(f_.settlement, s, *in_);
  for (Share& s : claim) bend(f_.share, s);
  e.settle = settle, e.claim = claim;
  bend(f_.exchange, e);
  auto answer = in_->exchange(e);
  if (!answer) return answer;
  for (std::size_t i = 0; i < answer->settled.size(); ++i) bend(f_.settled, asked.settle[i], answer->settled[i], *in_);
  bend(f_.exchanged, *answer);
  return answer;
}

Result<std::vector<Admission>> Faulty::enqueue(std::span<const NewTask> asked, const Guard* guard) noexcept {
  std::vector<NewTask> batch(asked.begin(), asked.end());
  for (NewTask& t : batch) bend(f_.task, t);
  bend(f_.guard, guard);
  std::vector<Admission> all;
  const std::size_t piece = f_.split ? f_.split : batch.size();
  for (std::size_t i = 0; i == 0 || i < batch.size(); i += piece) {
    auto answer = in_->enqueue(std::span(batch).subspan(i, std::min(piece, batch.size() - i)), guard);
    if (!answer) return answer;
    all.insert(all.end(), answer->begin(), answer->end());
    if (!piece) break;
  }
  for (Admission& a : all) bend(f_.admission, a);
  for (std::size_t i = 0; i < all.size(); ++i) bend(f_.admitted, asked[i], all[i]);
  bend(f_.admissions, all);
  return all;
}

Result<std::vector<Item>> Faulty::cancel(std::span<const TaskKey> batch) noexcept {
  auto answer =
      f_.lose_cancels ? Result<std::vector<Item>>(std::vector<Item>(batch.size(), Item::ok)) : in_->cancel(batch);
  if (!answer) return answer;
  for (Item& i : *answer) bend(f_.cancelled, i);
  return answer;
}

Result<std::vector<std::optional<Record>>> Faulty::get(std::span<const TaskKey> batch) noexcept {
  auto answer = in_->get(batch);
  if (!answer) return answer;
  for (auto& r : *answer) bend(f_.record, r);
  return answer;
}

Result<std::vector<Counts>> Faulty::counts() noexcept {
  auto answer = in_->counts();
  if (answer) bend(f_.counts, *answer);
  return answer;
}

Result<std::uint64_t> Faulty::trim(const Retention& asked) noexcept {
  Retention r = asked;
  bend(f_.retention, r);
  auto answer = in_->trim(r);
  if (answer) bend(f_.trimmed, *answer);
  return answer;
}

Result<std::uint64_t> Faulty::wait(std::uint64_t bell, Millis at_most) noexcept {
  auto answer = sound<Waiter>().wait(bell, at_most);
  if (answer) bend(f_.bell, bell, *answer);
  return answer;
}

void Faulty::interrupt() noexcept { sound<Waiter>().interrupt(); }

Result<std::vector<Document>> Faulty::list(std::string_view prefix) noexcept { return sound<Registry>().list(prefix); }

Result<std::uint64_t> Faulty::put(const Document& asked) noexcept {
  Document d = asked;
  if (f_.document) {
    std::uint64_t now = 0;
    auto docs = sound<Registry>().list(d.name);
    if (docs)
      for (const Document& there : *docs)
        if (there.name == d.name) now = there.revision;
    f_.document(d, now);
  }
  return sound<Registry>().put(d);
}

Result<std::vector<std::pair<TaskId, Record>>> Faulty::list(const Filter& asked, std::string& next) noexcept {
  Filter f = asked;
  bend(f_.filter, f);
  auto answer = sound<Browser>().list(f, next);
  if (answer) bend(f_.page, *answer, next);
  return answer;
}

Result<std::vector<Item>> Faulty::move(std::span<const TaskKey> batch, State from, State to, Millis delay) noexcept {
  auto answer = sound<Browser>().move(batch, from, to, delay);
  if (!answer) return answer;
  for (Item& i : *answer) bend(f_.moved, i);
  return answer;
}

Result<Term> Faulty::campaign(std::string_view name, std::string_view candidate, Millis ttl) noexcept {
  bend(f_.term_time, ttl);
  auto answer = sound<Leadership>().campaign(name, candidate, ttl);
  if (answer) bend(f_.term, *answer);
  return answer;
}

Result<bool> Faulty::renew(std::string_view name, std::uint64_t term, Millis ttl) noexcept {
  if (auto now = sound<Leadership>().term(name)) bend(f_.named_term, term, *now);
  bend(f_.term_time, ttl);
  auto answer = sound<Leadership>().renew(name, term, ttl);
  if (answer) bend(f_.renewed, *answer);
  return answer;
}

Result<bool> Faulty::resign(std::string_view name, std::uint64_t term) noexcept {
  if (auto now = sound<Leadership>().term(name)) bend(f_.named_term, term, *now);
  return sound<Leadership>().resign(name, term);
}

Result<Term> Faulty::term(std::string_view name) noexcept {
  auto answer = sound<Leadership>().term(name);
  if (answer) bend(f_.term, *answer);
  return answer;
}

Result<void> Faulty::limit(std::string_view queue, std::string_view gate, Layer layer, const Limit* asked) noexcept {
  Limit l = asked ? *asked : Limit{};
  bend(f_.limit, layer, l);
  return sound<Gates>().limit(queue, gate, layer, asked ? &l : nullptr);
}

Result<void> Faulty::hold(std::string_view queue, std::string_view gate, Millis at_most) noexcept {
  bend(f_.hold, gate, at_most);
  return sound<Gates>().hold(queue, gate, at_most);
}

Result<std::vector<GateState>> Faulty::gates(std::string_view queue) noexcept {
  auto answer = sound<Gates>().gates(queue);
  if (answer) bend(f_.gates, *answer);
  return answer;
}

}  // namespace penstock::conformance
