#include "simulation/ledger.hpp"

namespace penstock::simulation {
namespace {

void require(bool kept, const TaskId& id, const std::string& promise) {
  if (!kept) throw Violation("task " + std::to_string(Ledger::number(id)) + ": " + promise);
}

std::string against(const char* what, std::uint64_t n, const char* other, std::uint64_t m) {
  return std::to_string(n) + " " + what + " for " + std::to_string(m) + " " + other;
}

}  // namespace

void Ledger::claimed(const Leased& l, int process, bool weak) {
  Fate& t = of(l.id);
  require(t.ends == 0, l.id, "claimed after its end");
  require(l.epoch > t.claimed, l.id,
          "claimed under epoch " + std::to_string(l.epoch) + " after " + std::to_string(t.claimed));
  t.claimed = l.epoch;
  t.holder = process;
  t.lapses += l.lapsed;
  require(t.lapses <= t.hits, l.id, against("lapses", t.lapses, "faults that hit it", t.hits));
  if (!weak) return;
  ++t.hits;  // this lease may lapse
  ++t.unheard;
}

void Ledger::starts(const Leased& l, bool suspect, const Record& record) {
  Fate& t = of(l.id);
  require(record.state == State::leased && record.epoch == l.epoch, l.id,
          "started under epoch " + std::to_string(l.epoch) + ", but the store's is " + std::to_string(record.epoch));
  require(l.epoch > t.started, l.id, "started twice under one epoch");
  require(!suspect || record.begun, l.id, "a suspect started before its mark was committed");
  t.started = l.epoch;
  ++t.starts;
  require(t.starts - 1 <= t.hits + t.finished, l.id,
          against("starts", t.starts, "faults, failures and snoozes", t.hits + t.finished));
}

void Ledger::ended(const TaskId& id) { require(++of(id).ends == 1, id, "ended twice"); }

void Ledger::hit(int process, const Fate* running) {
  for (Fate& t : tasks) {
    if (t.holder != process || t.ends > 0) continue;
    ++t.hits;
    if (&t != running) ++t.unheard;
  }
}

void Ledger::closing(const TaskId& id, const Record& r) {
  const Fate& t = of(id);
  require(penstock::ended(r.state), id, "has not ended: state " + std::to_string(static_cast<int>(r.state)));
  require(t.told <= 1, id, "its end was told " + std::to_string(t.told) + " times");
  if (r.state == State::succeeded) require(t.starts > 0 && !t.poison, id, "succeeded without having run");
  if (r.state == State::cancelled) require(t.cancel, id, "cancelled, and nobody had asked");
  if (r.state != State::dead) return;
  // A tombstone bears no counters, so ends as dead are kept.
  require(!r.tombstone, id, "dead without its record");
  require(r.crashes <= t.lapses, id, against("crashes charged", r.crashes, "lapses", t.lapses));
  bool poison = r.crashes >= kMaxCrashes;
  require(poison || r.failures > kRetries, id, "dead with budget left");
  require(poison || !t.poison, id, "poison, but dead for another reason");
  if (!t.poison) return;
  // One uncharged crash, at most, before it is a suspect. It is one no more once it was given back, and a
  // crash is forgotten when the process that is to charge it does not hear of it.
  const std::uint32_t allowed = kMaxCrashes + 1 + t.released + t.unheard;
  require(t.kills <= allowed, id, against("kills", t.kills, "crashes allowed", allowed));
}

}  // namespace penstock::simulation
