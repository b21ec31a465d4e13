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

Result<std::vector<Item>> Transaction::cancel(std::span<const TaskKey> keys) {
  std::vector<Item> out;
  lines_.begin();
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
  withdraw(*queue, *t, kKeepForever);
  return Item::ok;
}

Result<std::vector<Item>> Transaction::move(std::span<const TaskKey> keys, State from, Millis delay) {
  std::vector<Item> out;
  lines_.begin();
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
  if (from == State::scheduled) {
    const std::int64_t lane = t->lane;
    line_up(*queue, *t, Millis(0));
    left(*queue, from, lane);
    return Item::ok;
  }
  const bool replay = ended(from);
  if (replay && !unique_of(t->traits).empty()) {
    auto keeper = holder(*queue, unique_of(t->traits));
    if (keeper && keeper->id != t->id) return Item::conflict;
    take_key(*queue, *t);
  }
  if (epoch == 0) epoch = next_epoch();
  replay ? this->replay(*queue, *t, epoch, delay) : take_away(*queue, *t, epoch);
  return Item::ok;
}

void Transaction::replay(QueueRow& queue, TaskRow& t, Epoch epoch, Millis delay) {
  queue.keep(t.state, t.size + t.note_size, -1);
  unkeep(queue, t);
  t.epoch = epoch;
  t.until.reset();
  t.failures = t.crashes = 0;
  line_up(queue, t, delay);
}

void Transaction::take_away(QueueRow& queue, TaskRow& t, Epoch epoch) {
  run(sql_.lease_stop, t.epoch, view(t.id));
  less(t.epoch);
  save_leases();
  changed(Bell::kClaimable);
  unleased(queue, t.flags, t.traits);
  t.epoch = epoch;
  end(queue, t, State::cancelled, kKeepForever);
}

}  // namespace penstock::sqlite
