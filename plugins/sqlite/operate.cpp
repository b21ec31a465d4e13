#include <penstock/plugin/names.hpp>

#include "traits.hpp"
#include "transaction.hpp"

namespace penstock::sqlite {
namespace {

// What an operator is told who expected the task in another state.
Item elsewhere(State now) {
  if (ended(now)) return Item::finished;
  return now == State::leased ? Item::lease_lost : Item::conflict;
}

}  // namespace

bool movable(State from, State to) noexcept {
  if (to == State::ready) return from == State::dead || from == State::cancelled || from == State::scheduled;
  return from == State::leased && to == State::cancelled;
}

Result<std::vector<Item>> Transaction::cancel(std::span<const TaskKey> keys) {
  std::vector<Item> out;
  out.reserve(keys.size());
  for (const TaskKey& key : keys) out.push_back(valid_name(key.queue) ? cancel(key) : Item::invalid);
  return out;
}

Item Transaction::cancel(const TaskKey& key) {
  QueueRow* queue = ledger_.find(key.queue);
  if (!queue) return Item::not_found;
  auto t = find(*queue, key.id);
  if (!t) return find_gone(*queue, key.id) ? Item::finished : Item::not_found;
  if (ended(t->state)) return Item::finished;
  if (t->state == State::leased) {
    if (t->flags & kStop) return Item::requested;
    t->flags |= kStop;
    save(*t, {});
    run(sql_.lease_stop, t->epoch, Bytes());
    changed(Bell::kClaimable);
    return Item::requested;
  }
  queue->count(t->state, -1);
  end(*queue, *t, State::cancelled, kKeepForever);
  return Item::ok;
}

Result<std::vector<Item>> Transaction::move(std::span<const TaskKey> keys, State from, Millis delay) {
  std::vector<Item> out;
  out.reserve(keys.size());
  Epoch epoch = 0;
  for (const TaskKey& key : keys) {
    out.push_back(valid_name(key.queue) ? move(key, from, delay, epoch) : Item::invalid);
  }
  return out;
}

Item Transaction::move(const TaskKey& key, State from, Millis delay, Epoch& epoch) {
  QueueRow* queue = ledger_.find(key.queue);
  if (!queue) return Item::not_found;
  auto t = find(*queue, key.id);
  if (!t) return !ended(from) && find_gone(*queue, key.id) ? Item::finished : Item::not_found;
  if (t->state != from) return elsewhere(t->state);
  if (from == State::leased) {
    run(sql_.lease_stop, t->epoch, view(t->id));
    less(t->epoch);
    save_leases();
    changed(Bell::kClaimable);
  }
  if (ended(from) && !unique_of(t->traits).empty()) {
    auto keeper = holder(*queue, unique_of(t->traits));
    if (keeper && keeper->id != t->id) return Item::conflict;
    take_key(*queue, *t);
  }
  if (ended(from)) {
    queue->keep(from, t->size + t->note_size, -1);
  } else if (from == State::leased) {
    unleased(*queue, t->flags);
  } else {
    queue->count(from, -1);
  }
  if (from == State::scheduled) return line_up(*queue, *t, Millis(0)), Item::ok;
  if (epoch == 0) epoch = next_epoch();
  t->epoch = epoch;
  if (from == State::leased) return end(*queue, *t, State::cancelled, kKeepForever), Item::ok;
  unkeep(*queue, *t);
  t->until.reset();
  t->failures = t->crashes = 0;
  line_up(*queue, *t, delay);
  return Item::ok;
}

}  // namespace penstock::sqlite
