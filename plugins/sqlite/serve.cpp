// The claim of ready tasks: by turns, and as many as the gates let through.
#include <algorithm>

#include "taking.hpp"
#include "traits.hpp"

namespace penstock::sqlite {

Transaction::Candidate Transaction::read_candidate(const Use& use) {
  const std::int64_t rank = use.integer(5);
  Candidate c{.head = {rank, use.integer(0)}, .flags = use.integer(6)};
  c.leased = {.kind = std::string(use.bytes(2)),
              .body = std::string(use.bytes(3)),
              .note = std::string(use.bytes(4)),
              .id = task_id(use.bytes(1)),
              .priority = priority_of(rank),
              .weight = weight_of(rank),
              .failures = static_cast<std::uint32_t>(use.integer(7)),
              .crashes = static_cast<std::uint32_t>(use.integer(8))};
  if (c.flags & kFirst) c.traits = use.bytes(9);
  return c;
}

// Where more keys wait than can be served, reads the best task of each that will be.
void Transaction::fetch_round(Taking& taking, const Lines::Turn& turn, std::uint32_t want) {
  const auto [from, to] = Seats::places(turn.seat->line);
  Use use(sql_.flow().task_round, from, to, turn.seat->line, want);
  while (use.next()) {
    Supply& supply = taking.supplies[8 * use.integer(11) + kSeatLane];
    supply.tasks.push_back(read_candidate(use));
    supply.rest = use.null(10) ? Supply::none : Supply::some;
  }
}

// Reads the best tasks of a lane, `most` at the most.
void Transaction::fetch(std::int64_t lane, std::uint32_t most, Supply& supply) {
  supply.next = 0;
  supply.tasks.clear();
  supply.tasks.reserve(most);
  if (most == 1) {
    Use use(sql_.task_best, lane);
    if (!use.next()) return;
    supply.tasks.push_back(read_candidate(use));
    supply.rest = use.null(10) ? Supply::none : Supply::some;
  } else {
    Use use(sql_.task_ready, lane, most);
    while (use.next()) supply.tasks.push_back(read_candidate(use));
    supply.rest = supply.tasks.size() < most ? Supply::none : Supply::unknown;
  }
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
    if (want > 1 && turn.peers >= want && turn.seat && taking.supplies.empty()) fetch_round(taking, turn, want);
    Supply once;
    Supply& supply = supply_for(taking, turn, turn.alone ? most : want / turn.peers, once);
    std::int64_t taken = 0;
    for (; taken < most && supply.next < supply.tasks.size(); ++taken) lease(taking, supply.tasks[supply.next++], out);
    if (taken == 0) damaged("tasks are counted that cannot be found");
    want -= static_cast<std::uint32_t>(taken);
    lines_.served(queue, turn, taken, next_head(turn.lane, supply));
  }
}

// The next tasks of the flow whose turn it is. What was read for it before is used up first; when it is time
// for one only, `once` is filled.
Transaction::Supply& Transaction::supply_for(Taking& taking, const Lines::Turn& turn, std::int64_t want, Supply& once) {
  const auto known = taking.supplies.find(turn.lane);
  const bool kept = known != taking.supplies.end();
  if (kept && known->second.next < known->second.tasks.size()) return known->second;
  Supply& supply = kept ? known->second : want > 1 && !turn.alone ? taking.supplies[turn.lane] : once;
  fetch(turn.lane, static_cast<std::uint32_t>(std::max<std::int64_t>(want, 1)), supply);
  return supply;
}

std::optional<Head> Transaction::next_head(std::int64_t lane, const Supply& supply) {
  if (supply.next < supply.tasks.size()) return supply.tasks[supply.next].head;
  if (supply.rest == Supply::none) return {};
  if (lane % 8 == static_cast<int>(State::ready)) return {};                // of the plain flow, the count tells
  if (lane % 8 == kSeatLane && supply.rest == Supply::some) return Head();  // which one it is does not matter
  return lines_.head(lane);
}

}  // namespace penstock::sqlite
