#include <algorithm>

#include "taking.hpp"
#include "traits.hpp"

namespace penstock::sqlite {

namespace {
constexpr std::uint32_t kMostClaimed = 4096;  // by one exchange, whatever its limit
constexpr std::int64_t kMostPromoted = 1000;  // in one queue by one exchange
}  // namespace

Result<Exchanged> Transaction::exchange(const Exchange& x) {
  Exchanged out;
  lines_.begin();
  out.settled.reserve(x.settle.size());
  for (const Settlement& s : x.settle) out.settled.push_back(settle(s));
  save_leases();
  for (const Held& h : x.extend) out.extended.push_back(extend(h, x.lease));
  claim(x, out);
  out.bell = bell_.now();
  return out;
}

Extended Transaction::extend(const Held& held, Millis lease) {
  QueueRow* queue = ledger_.find(held.queue);
  if (!queue) return {Item::lease_lost, {}};
  Extended out;
  std::int64_t before = 0;
  std::vector<std::int64_t> tasks;  // looked at only when some of them are to stop
  {
    Use use(sql_.lease_get, held.epoch, queue->q);
    if (!use.next()) return {Item::lease_lost, {}};
    before = use.integer(0);
    if (use.integer(1) != 0) tasks = unpack(use.bytes(2));
    for (std::string_view taken = use.bytes(3); taken.size() >= 16; taken.remove_prefix(16)) {
      out.stop.push_back(task_id(taken.substr(0, 16)));
    }
  }
  for (std::int64_t n : tasks) {
    auto t = find(n);
    if (t && t->state == State::leased && t->epoch == held.epoch && (t->flags & kStop)) out.stop.push_back(t->id);
  }
  const std::int64_t until = later(clock_.boot(), lease.count());
  if (until < before) changed(Bell::kClaimable);
  run(sql_.lease_until, held.epoch, until);
  return out;
}

void Transaction::claim(const Exchange& x, Exchanged& out) {
  const std::uint32_t limit = std::min(x.limit, kMostClaimed);
  std::vector<Taking> takings;
  takings.reserve(x.claim.size());
  std::uint32_t begin = x.begin;
  for (int pass = 0; pass < 2; ++pass) {  // by quota, then what room is left
    std::size_t at = 0;
    for (const Share& share : x.claim) {
      if (pass == 0) {
        QueueRow* queue = ledger_.find(share.queue);
        if (!queue) continue;
        promote(*queue);
        takings.push_back({.name = share.queue, .queue = *queue, .free = x.limit - std::min(x.limit, x.ahead)});
      } else if (at == takings.size() || takings[at].name != share.queue) {
        continue;
      }
      Taking& taking = takings[at++];
      const auto room = limit - static_cast<std::uint32_t>(out.leased.size());
      taking.begin = begin;
      take(taking, pass == 0 ? std::min(share.quota, room) : room, out);
      begin = taking.begin;
    }
  }
  const std::int64_t until = later(clock_.boot(), x.lease.count());
  for (const Taking& t : takings) {
    if (t.tasks.empty()) continue;
    run(sql_.lease_add, t.epoch, t.queue.q, until, t.tasks.size(), Text{x.worker.substr(0, 256)}, pack(t.tasks));
  }
  for (const Taking& t : takings) {
    auto due = t.stopped ? Millis(0) : next_due(t.queue);
    if (due && (!out.next_due || *due < *out.next_due)) out.next_due = due;
  }
  if (!x.claim.empty() && out.leased.size() < limit) bell_.arm(Bell::kClaimable);
}

void Transaction::take(Taking& taking, std::uint32_t want, Exchanged& out) {
  if (taking.queue.own.shut(clock_)) return;
  take_lapsed(taking, want, out);
  if (want > 0) take_ready(taking, want, out);
}

void Transaction::promote(QueueRow& queue) {
  const std::int64_t plain = queue.counted(State::scheduled) - queue.later;
  const auto due = plain == 0 ? 0 : run(sql_.line_promote, queue.line(State::scheduled), clock_.wall());
  if (due > 0) {
    queue.schedule(-due, false);
    lines_.came_plain(queue, due);
  }
  if (queue.later > 0) promote_keyed(queue, kMostPromoted - due);
}

// Those of other flows than the plain one, each to its own line.
void Transaction::promote_keyed(QueueRow& queue, std::int64_t most) {
  struct Due {
    Head head;
    std::string traits;
  };
  std::vector<Due> tasks;
  {
    Use use(sql_.flow().task_due, queue.later_line(), clock_.wall(), most);
    while (use.next()) tasks.push_back({{use.integer(1), use.integer(0)}, std::string(use.bytes(2))});
  }
  for (const Due& t : tasks) {
    const Lines::Place at = lines_.place(queue, flow_of(t.traits));
    run(sql_.flow().task_promote, t.head.n, at.lane);
    queue.schedule(-1, true);
    lines_.came(queue, at, t.head);
  }
}

void Transaction::take_lapsed(Taking& taking, std::uint32_t& want, Exchanged& out) {
  QueueRow& queue = taking.queue;
  struct Lease {
    Epoch epoch;
    std::vector<std::int64_t> tasks;
  };
  while (want > 0 && queue.counted(State::leased) > 0) {
    std::vector<Lease> lapsed;  // each holds a task at the least, so `want` of them are enough
    {
      Use use(sql_.lease_lapsed, queue.q, clock_.boot(), want);
      while (use.next()) lapsed.push_back({static_cast<Epoch>(use.integer(0)), unpack(use.bytes(1))});
    }
    if (lapsed.empty()) return;
    for (const Lease& lease : lapsed) {
      std::size_t i = 0;
      std::string taken;
      std::int64_t fewer = 0;
      for (; i < lease.tasks.size() && want > 0; ++i) {
        auto t = find(lease.tasks[i]);
        if (!t || t->state != State::leased || t->epoch != lease.epoch || t->q != queue.q) continue;
        ++fewer;
        taken += view(t->id);
        if (t->flags & kStop) {
          unleased(queue, t->flags, t->traits);
          end(queue, *t, State::cancelled, kKeepForever);
          continue;
        }
        if (taking.epoch == 0) taking.epoch = next_epoch();
        Leased& leased = out.leased.emplace_back();
        leased = {.queue = std::string(taking.name),
                  .kind = t->kind,
                  .body = content(*t, false),
                  .note = content(*t, true),
                  .id = t->id,
                  .epoch = taking.epoch,
                  .priority = priority_of(t->rank),
                  .weight = weight_of(t->rank),
                  .failures = static_cast<std::uint32_t>(t->failures),
                  .crashes = static_cast<std::uint32_t>(t->crashes),
                  .lapsed = true,
                  .begun = (t->flags & kBegun) != 0};
        run(sql_.task_lease, t->n, taking.epoch, t->flags & ~kBegun);
        taking.tasks.push_back(t->n);
        --want;
      }
      if (i == lease.tasks.size()) {
        if (run(sql_.lease_drop, lease.epoch) == 0) damaged("a lease is listed that is not there");  // or for ever
      } else if (i > 0) {
        run(sql_.lease_cut, lease.epoch, pack(std::span(lease.tasks).subspan(i)));
        run(sql_.lease_stop, lease.epoch, taken);
        if (run(sql_.lease_over, lease.epoch, fewer) == 0) run(sql_.lease_less, lease.epoch, fewer);
      }
      if (want == 0) return;
    }
  }
}

// Until something of the queue may be claimable by time alone; 0 when something is already.
std::optional<Millis> Transaction::next_due(QueueRow& queue) {
  const std::int64_t boot = clock_.boot();
  if (queue.own.limit.running == 0 || queue.own.held == INT64_MAX) return {};
  std::optional<std::int64_t> wait;
  auto consider = [&](std::int64_t at, std::int64_t now) {  // nothing comes while the queue is held
    const std::int64_t left = std::max({at - now, queue.own.held - boot, std::int64_t{0}});
    wait = std::min(wait.value_or(left), left);
  };
  if (const auto opens = queue.own.opens(queue.counted(State::leased)); opens && queue.counted(State::ready) > 0) {
    const auto due = lines_.due(queue);
    if (lines_.claimable(queue)) consider(*opens, boot);
    if (due) consider(std::max(*opens, *due), boot);
  }
  if (queue.counted(State::scheduled) > 0) {
    for (std::int64_t line : {queue.line(State::scheduled), queue.later_line()}) {
      if (line == queue.later_line() && queue.later == 0) break;
      Use use(sql_.line_head, line);
      if (use.next()) consider(use.integer(0), clock_.wall());
    }
  }
  if (queue.counted(State::leased) > 0) {
    Use use(sql_.lease_first, queue.q);
    if (use.next() && !use.null(0)) consider(use.integer(0), boot);
  }
  return wait ? std::optional(Millis(*wait)) : std::nullopt;
}

}  // namespace penstock::sqlite
