// The claim of ready tasks: by turns, and as many as the gates let through.
#include <algorithm>

#include "taking.hpp"
#include "traits.hpp"

namespace penstock::sqlite {

// Reads the best tasks of a lane, `most` at the most.
void Transaction::fetch(std::int64_t lane, std::uint32_t most, Supply& supply) {
  Use use(sql_.task_ready, lane, most);
  supply.tasks.clear();
  supply.tasks.reserve(most);
  while (use.next()) {
    Candidate& c = supply.tasks.emplace_back();
    const std::int64_t rank = use.integer(5);
    c.head = {rank, use.integer(0)};
    c.flags = use.integer(6);
    c.leased = {.kind = std::string(use.bytes(2)),
                .body = std::string(use.bytes(3)),
                .note = std::string(use.bytes(4)),
                .id = task_id(use.bytes(1)),
                .priority = priority_of(rank),
                .weight = weight_of(rank),
                .failures = static_cast<std::uint32_t>(use.integer(7)),
                .crashes = static_cast<std::uint32_t>(use.integer(8))};
    if (c.flags & kFirst) c.traits = use.bytes(9);
  }
  supply.next = 0;
  supply.all = supply.tasks.size() < most;
}

void Transaction::lease(Taking& taking, Candidate& c, Exchanged& out) {
  if (taking.epoch == 0) taking.epoch = next_epoch();
  Leased& leased = c.leased;
  const std::int64_t n = c.head.n;
  if (c.flags & kLargeBody) {
    Use use(sql_.content_get, 2 * n);
    if (use.next()) leased.body = use.bytes(0);
  }
  if (c.flags & kLargeNote) {
    Use use(sql_.content_get, 2 * n + 1);
    if (use.next()) leased.note = use.bytes(0);
  }
  leased.queue = taking.name;
  leased.epoch = taking.epoch;
  leased.begun = taking.begin > 0 && leased.crashes == 0;
  taking.begin -= leased.begun;
  if ((c.flags & kFirst) && (c.flags & kHolds)) {
    drop_key(taking.queue, leased.id, c.traits);
    c.flags &= ~kHolds;
  }
  if (c.flags & kNoted) ++taking.queue.noted, taking.queue.flow_changed = true;
  run(sql_.task_lease, n, taking.epoch, (c.flags & ~kBegun) | leased.begun);
  taking.tasks.push_back(n);
  out.leased.push_back(std::move(leased));
}

void Transaction::take_ready(Taking& taking, std::uint32_t want, Exchanged& out) {
  QueueRow& queue = taking.queue;
  if (queue.counted(State::ready) == 0) return;
  lines_.look(queue);
  while (want > 0) {
    const Lines::Turn turn = lines_.next(queue, want);
    taking.stopped |= turn.stopped;
    if (turn.lane == 0) return;
    std::int64_t most = std::min<std::int64_t>(turn.alone ? want : 1, turn.room);
    const auto free = static_cast<std::int64_t>(taking.free) - static_cast<std::int64_t>(out.leased.size());
    if (most > free) most = std::max(std::max<std::int64_t>(free, 0), std::min(most, turn.ahead));
    if (most == 0) {
      taking.stopped = true;
      return;
    }
    Supply& supply = taking.supplies[turn.lane];
    if (supply.next == supply.tasks.size()) {
      const auto share = std::max<std::size_t>(1, want / std::max<std::size_t>(1, turn.peers));
      fetch(turn.lane, turn.alone ? static_cast<std::uint32_t>(most) : static_cast<std::uint32_t>(share), supply);
    }
    std::int64_t taken = 0;
    for (; taken < most && supply.next < supply.tasks.size(); ++taken) lease(taking, supply.tasks[supply.next++], out);
    if (taken == 0) damaged("tasks are counted that cannot be found");
    want -= static_cast<std::uint32_t>(taken);
    lines_.served(queue, turn, taken, next_head(turn.lane, supply));
  }
}

std::optional<Head> Transaction::next_head(std::int64_t lane, const Supply& supply) {
  if (supply.next < supply.tasks.size()) return supply.tasks[supply.next].head;
  if (supply.all || lane % 8 == static_cast<int>(State::ready)) return {};  // of the plain flow, the count tells
  return lines_.head(lane);
}

}  // namespace penstock::sqlite
