// The part of Queue that people use: looking around and moving tasks by hand.
#include <algorithm>

#include "queue.hpp"

namespace penstock::memory {
namespace {

constexpr std::size_t kLook = 10'000;  // records looked at for one page: the store is locked meanwhile

bool wanted(const Task& t, State reported, const Filter& f) noexcept {
  const Time when = ended(t.state) ? t.ended : t.enqueued;
  return reported == f.state && (f.kind.empty() || f.kind == t.kind) && f.from <= when && when < f.to;
}

Item elsewhere(State now) noexcept {
  if (ended(now)) return Item::finished;
  return now == State::leased ? Item::lease_lost : Item::conflict;
}

}  // namespace

std::vector<std::pair<TaskId, Record>> Queue::list(const Filter& f, std::uint64_t after, std::uint64_t& next,
                                                   const Now& now) const {
  std::vector<std::pair<TaskId, Record>> page;
  std::uint64_t seen = after;
  const std::size_t start = arrivals_.after(after), stop = std::min(arrivals_.size(), start + kLook);
  for (std::size_t i = start; i < stop; ++i) {
    if (!pool_.arrived()(arrivals_[i])) continue;
    const Task& t = pool_.tasks[arrivals_[i].ref];
    const bool due = t.state == State::scheduled && t.due <= now.wall;
    if (wanted(t, due ? State::ready : t.state, f)) {
      if (page.size() == f.at_most) {
        next = seen;
        return page;
      }
      page.emplace_back(t.id, record(t, now));
    }
    seen = t.arrival;
  }
  next = stop < arrivals_.size() ? arrivals_[stop - 1].key : 0;
  return page;
}

Item Queue::move(const TaskId& id, State from, State to, Millis delay, const Now& now) {
  const std::uint32_t ref = find(id);
  if (ref == kNone) return Item::not_found;
  if (ref & kGone) return ended(from) ? Item::not_found : Item::finished;
  Task& t = pool_.tasks[ref];
  if (t.state != from) return elsewhere(t.state);
  if (to == State::cancelled) {
    pool_.batches[t.batch].taken.push_back(id);
    end(ref, State::cancelled, kKeepForever, now);
    pool_.bell.work();
  } else if (from == State::scheduled) {
    wait(ref, now.wall, now);
    return Item::ok;
  } else {
    if (t.unique) {
      const UniqueKeys::Entry* holder = keys_.taken(t.unique->key, now.wall);
      if (holder && holder->holder != id) return Item::conflict;
      keys_.take(t.unique->key, id, Time{});
    }
    wait(ref, later(now.wall, delay), now);
    t.failures = t.crashes = 0;
  }
  t.epoch = ++pool_.epochs;
  return Item::ok;
}

}  // namespace penstock::memory
