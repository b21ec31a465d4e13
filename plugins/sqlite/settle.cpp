#include <mutant.hpp>

#include <penstock/plugin/names.hpp>

#include "../shared/call_checks.hpp"
#include "transaction.hpp"

namespace penstock::sqlite {
namespace {

// The table beside Settlement: what a settlement that cannot be accepted is told.
Item late(State to, State now, Epoch named, Epoch current) {
  if (named != current || named == 0) return Item::lease_lost;
  if (to == State::ready && (now == State::ready || now == State::scheduled)) return Item::ok;
  if (to == State::ready && now == State::cancelled) return Item::requested;
  return ended(to) && to == now ? Item::ok : Item::lease_lost;
}

}  // namespace

Item Transaction::settle(const Settlement& s) {
  if (!valid_name(s.key.queue) || !shared::Items(options_.max_body).valid(s)) return Item::invalid;
  QueueRow* queue = ledger_.find(s.key.queue);
  if (!queue) return Item::not_found;
  if (ended(s.to) && s.keep == Millis(0) && s.children.empty() && finish(*queue, s)) return Item::ok;
  auto task = find(*queue, s.key.id);
  const bool current = task && (task->epoch == s.epoch || mutant("sqlite.settle.no_fence"));
  if (current && task->state == State::leased) return accept(*queue, *task, s);
  if (task) return late(s.to, task->state, s.epoch, task->epoch);
  auto gone = find_gone(*queue, s.key.id);
  if (!gone) return Item::not_found;
  return late(s.to, gone->state, s.epoch, gone->epoch);
}

// The common end of a task, in one step; false when it is not that simple.
bool Transaction::finish(QueueRow& queue, const Settlement& s) {
  const bool noted = queue.noted > 0;
  if (run(noted ? sql_.task_finish_noted : sql_.task_finish, view(s.key.id), queue.q, s.epoch) == 0) return false;
  const std::int64_t flags = noted ? sql_.noted.flags : 0;
  unleased(queue, flags, sql_.noted.traits);
  if (flags & kHolds) drop_key(queue, s.key.id, sql_.noted.traits);
  less(s.epoch);
  tombstone(queue, s.key.id, s.epoch, s.to, clock_.wall());
  changed(Bell::kEnded);
  return true;
}

Item Transaction::accept(QueueRow& queue, TaskRow& t, const Settlement& s) {
  const bool stopped = s.to == State::ready && (t.flags & kStop);
  const std::int64_t flags = t.flags;
  // Children see their parent as it was, but for its key: when it ends, that is theirs to take.
  if (ended(s.to) || stopped) drop_key(queue, t);
  for (const NewTask& child : s.children) add(child, false);
  if (s.to != State::leased || !(t.flags & kBegun) || mutant("sqlite.mark.charged_twice")) {
    t.failures += s.charge == Charge::failure;
    t.crashes += s.charge == Charge::crash;
  }
  if (!s.note.empty()) write_note(t, s.note);
  if (s.to == State::leased) {
    t.flags |= kBegun;
    save(t, {});
    return Item::ok;
  }
  unleased(queue, flags, t.traits, s.unstarted && s.to == State::ready);
  less(s.epoch);
  if (stopped) {
    end(queue, t, State::cancelled, kKeepForever);
    return Item::requested;
  }
  s.to == State::ready ? line_up(queue, t, s.delay) : end(queue, t, s.to, s.keep);
  return Item::ok;
}

void Transaction::less(Epoch epoch) {
  if (settled_.empty() || settled_.back().first != epoch) settled_.emplace_back(epoch, 0);
  ++settled_.back().second;
}

void Transaction::save_leases() {
  for (const auto& [epoch, count] : settled_) {
    if (run(sql_.lease_over, epoch, count) == 0) run(sql_.lease_less, epoch, count);
  }
  settled_.clear();
}

}  // namespace penstock::sqlite
