// The part of Queue that lets ended tasks go.
#include <mutant.hpp>

#include "queue.hpp"

namespace penstock::memory {

std::uint64_t Queue::trim(const Retention& r, const Now& now) {
  Ended& kept = ended_as(r.state);
  while (const Heap::Entry* e = kept.keeps.top(pool_.task_ticket())) {
    if (unrising(e->major) > now.boot.count()) break;
    kept.past.push({e->minor, 0, e->ref, e->ticket}, count(r.state), pool_.task_ticket());
    kept.keeps.pop();
  }
  std::uint64_t done = 0;
  for (; done < r.at_most; ++done) {
    const Log::Entry* oldest = kept.order.oldest(pool_.kept());
    if (!oldest) break;
    std::uint32_t slot = oldest->ref;
    const bool over = count(r.state) > r.count || kept.bytes > r.bytes;
    if (!over && now.boot - pool_.tasks[slot].since < r.age) {
      const Heap::Entry* e = kept.past.top(pool_.task_ticket());
      if (!e) break;
      slot = e->ref;
    }
    bury(slot, r.state, pool_.tasks[slot].ended, pool_.tasks[slot].since, now);
  }
  keys_.sweep(now.wall, r.at_most);
  return done;
}

bool Queue::forget(const Now& now, std::uint32_t at_most) noexcept {
  for (; !gone_.empty(); --at_most) {
    const std::uint32_t ref = gone_.oldest();
    const Tombstone& g = gone_[ref];
    const Millis age = now.boot - Millis(static_cast<std::int64_t>(g.since));
    if (age <= pool_.limits.remember && !mutant("memory.tombstone.short")) return false;
    if (at_most == 0) return true;
    index_.erase(pool_.hash(g.id), ref);
    gone_.pop();
  }
  return false;
}

}  // namespace penstock::memory
