#include <algorithm>
#include <set>

#include <penstock/plugin/names.hpp>

#include "transaction.hpp"

namespace penstock::sqlite {

namespace {
constexpr std::uint32_t kMostClaimed = 4096;  // by one exchange, whatever its limit
}

struct Transaction::Taking {
  std::string_view name;
  QueueRow& queue;
  Epoch epoch = 0;
  std::vector<std::int64_t> tasks;
  std::uint32_t begin = 0;
};

std::optional<Error> refusal(const Exchange& x, std::uint32_t max_batch) {
  if (x.settle.size() > max_batch || x.extend.size() > max_batch || x.claim.size() > max_batch) {
    return Error{Errc::invalid, "an exchange has more than " + std::to_string(max_batch) + " items of one sort"};
  }
  for (const Settlement& s : x.settle) {
    if (s.children.size() > max_batch) {
      return Error{Errc::invalid, "a settlement has more than " + std::to_string(max_batch) + " children"};
    }
    if (auto error = refusal(s.children)) return error;
  }
  std::set<std::string_view> names;
  for (const Share& share : x.claim) {
    if (!names.insert(share.queue).second) {
      return Error{Errc::invalid, "queue " + std::string(share.queue) + " is claimed from twice in one exchange"};
    }
  }
  if (x.lease < Millis(1) && !(x.claim.empty() && x.extend.empty())) {
    return Error{Errc::invalid, "a lease must last 1 ms at the least"};
  }
  return {};
}

Result<Exchanged> Transaction::exchange(const Exchange& x) {
  Exchanged out;
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
        takings.push_back({share.queue, *queue, 0, {}, 0});
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
    auto due = next_due(t.queue);
    if (due && (!out.next_due || *due < *out.next_due)) out.next_due = due;
  }
  if (!x.claim.empty() && out.leased.size() < limit) bell_.arm(Bell::kClaimable);
}

void Transaction::take(Taking& taking, std::uint32_t want, Exchanged& out) {
  take_lapsed(taking, want, out);
  if (want > 0) take_ready(taking, want, out);
}

void Transaction::promote(QueueRow& queue) {
  if (queue.counted(State::scheduled) == 0) return;
  const auto due = run(sql_.line_promote, queue.line(State::scheduled), clock_.wall());
  if (due == 0) return;
  queue.count(State::scheduled, -due);
  queue.count(State::ready, due);
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
          unleased(queue, t->flags);
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
        run(sql_.lease_drop, lease.epoch);
      } else if (i > 0) {
        run(sql_.lease_cut, lease.epoch, pack(std::span(lease.tasks).subspan(i)));
        run(sql_.lease_stop, lease.epoch, taken);
        if (run(sql_.lease_over, lease.epoch, fewer) == 0) run(sql_.lease_less, lease.epoch, fewer);
      }
      if (want == 0) return;
    }
  }
}

void Transaction::take_ready(Taking& taking, std::uint32_t want, Exchanged& out) {
  QueueRow& queue = taking.queue;
  if (queue.counted(State::ready) == 0) return;
  if (taking.epoch == 0) taking.epoch = next_epoch();
  const std::size_t first = taking.tasks.size(), first_out = out.leased.size();
  std::vector<std::int64_t> flags;
  std::vector<std::pair<TaskId, std::string>> drops;  // unique keys that end with the claim
  std::int64_t noted = 0;
  {
    Use use(sql_.task_ready, queue.line(State::ready), want);
    while (use.next()) {
      const std::int64_t rank = use.integer(5), crashes = use.integer(8);
      const bool begun = taking.begin > 0 && crashes == 0;
      taking.begin -= begun;
      taking.tasks.push_back(use.integer(0));
      std::int64_t& now = flags.emplace_back((use.integer(6) & ~std::int64_t{kBegun}) | begun);
      if ((now & kHolds) && (now & kFirst)) {
        drops.emplace_back(task_id(use.bytes(1)), use.bytes(9));
        now &= ~kHolds;
      }
      noted += (now & kNoted) != 0;
      out.leased.push_back({.queue = std::string(taking.name),
                            .kind = std::string(use.bytes(2)),
                            .body = std::string(use.bytes(3)),
                            .note = std::string(use.bytes(4)),
                            .id = task_id(use.bytes(1)),
                            .epoch = taking.epoch,
                            .priority = priority_of(rank),
                            .weight = weight_of(rank),
                            .failures = static_cast<std::uint32_t>(use.integer(7)),
                            .crashes = static_cast<std::uint32_t>(crashes),
                            .lapsed = false,
                            .begun = begun});
    }
  }
  for (std::size_t i = 0; i < flags.size(); ++i) {
    const std::int64_t n = taking.tasks[first + i];
    Leased& leased = out.leased[first_out + i];
    if (flags[i] & kLargeBody) {
      Use use(sql_.content_get, 2 * n);
      if (use.next()) leased.body = use.bytes(0);
    }
    if (flags[i] & kLargeNote) {
      Use use(sql_.content_get, 2 * n + 1);
      if (use.next()) leased.note = use.bytes(0);
    }
    run(sql_.task_lease, n, taking.epoch, flags[i]);
  }
  for (const auto& [id, traits] : drops) drop_key(queue, id, traits);
  leased(queue, static_cast<std::int64_t>(flags.size()), noted);
}

// Until something of the queue may be claimable by time alone; 0 when something is already.
std::optional<Millis> Transaction::next_due(const QueueRow& queue) {
  if (queue.counted(State::ready) > 0) return Millis(0);
  std::optional<std::int64_t> wait;
  auto consider = [&](std::int64_t at, std::int64_t now) {
    const std::int64_t left = at <= now ? 0 : at - now;
    if (!wait || left < *wait) wait = left;
  };
  if (queue.counted(State::scheduled) > 0) {
    Use use(sql_.line_head, queue.line(State::scheduled));
    if (use.next()) consider(use.integer(0), clock_.wall());
  }
  if (queue.counted(State::leased) > 0) {
    Use use(sql_.lease_first, queue.q);
    if (use.next() && !use.null(0)) consider(use.integer(0), clock_.boot());
  }
  return wait ? std::optional(Millis(*wait)) : std::nullopt;
}

}  // namespace penstock::sqlite
