// What to say to the store, and when: the planning half of the lease engine.
#include <algorithm>
#include <cmath>
#include <mutant.hpp>

#include "durable/lease_engine.hpp"

namespace penstock::durable {
namespace {

constexpr std::chrono::nanoseconds kTooLongToLeaseAhead = std::chrono::milliseconds(10);
constexpr std::size_t kMostParked = 64;

}  // namespace

NewTask Child::task() {
  NewTask out;
  out.key = {queue, id};
  out.body = body;
  out.kind = kind;
  out.priority = priority;
  out.weight = weight;
  out.unique = keys.unique;
  out.unique_while = unique_while;
  out.unique_for = unique_for;
  out.replace = replace;
  out.fair = keys.fair;
  gates.assign(keys.gates.begin(), keys.gates.end());
  out.gates = gates;
  return out;
}

Exchange Plan::exchange(const EngineOptions& options) const {
  Exchange out;
  out.settle = settle;
  out.claim = claim;
  out.limit = limit;
  out.begin = begin;
  out.ahead = ahead;
  out.lease = options.lease;
  out.worker = options.worker;
  return out;
}

void LeaseEngine::set_queues(std::vector<std::pair<std::string, std::uint32_t>> queues) {
  std::vector<Queue> next;
  for (auto& [name, weight] : queues) {
    auto known = std::ranges::find(queues_, name, &Queue::name);
    Queue& queue = next.emplace_back(known == queues_.end() ? Queue{} : *known);
    queue.name = name;
    queue.weight = std::max(1u, weight);
  }
  queues_ = std::move(next);
}

void LeaseEngine::hold(std::string_view queue, Instant until) {
  auto known = std::ranges::find(queues_, queue, &Queue::name);
  if (known != queues_.end()) known->held_until = until;
}

bool LeaseEngine::all_held(Instant now) const {
  return std::ranges::all_of(queues_, [now](const Queue& q) { return q.held_until > now; });
}

std::uint32_t LeaseEngine::ahead_target(const Demand& demand) const {
  if (!demand.lease_ahead || run_ns_ == 0 || run_ns_ > double(kTooLongToLeaseAhead.count())) return 0;
  double consumed = 2 * trip_ns_ * demand.threads / run_ns_;
  return static_cast<std::uint32_t>(std::clamp(consumed, 1.0, 4.0 * options_.batch));
}

std::uint32_t LeaseEngine::claim_limit(Instant now, const Demand& demand) const {
  if (!demand.claims || all_held(now) || !maybe_work(now)) return 0;
  std::uint32_t ahead = now < no_ahead_before_ ? 0 : ahead_target(demand);
  std::uint32_t want = demand.idle + ahead;
  std::uint32_t have = demand.ahead + claiming_;
  // Suspects wait for their turn, and workers must not wait with them; but nobody hoards suspects.
  if (want <= have || parked_.size() >= kMostParked) return 0;
  std::uint32_t room = want - have;
  if (demand.idle == 0 && room * 2 < ahead) return 0;  // refill when half is used up, not for each task
  return std::min(room, options_.batch);
}

bool LeaseEngine::wants(Instant now, const Demand& demand) const {
  return in_flight_ < options_.in_flight && now >= not_before_ && claim_limit(now, demand) > 0;
}

bool LeaseEngine::settle_due(Instant now, const Demand& demand) const {
  if (pending_.empty()) return false;
  return demand.flush || demand.idle > 0 || pending_urgent_ || pending_.size() >= options_.batch ||
         now - pending_since_ >= options_.settle_within;
}

std::optional<Instant> LeaseEngine::plan_at() const {
  if ((pending_.empty() && put_off_.empty()) || in_flight_ >= options_.in_flight) return std::nullopt;
  Instant due = Instant::max();
  if (!pending_.empty()) due = pending_urgent_ ? pending_since_ : pending_since_ + options_.settle_within;
  if (!put_off_.empty()) due = std::min(due, put_off_until_);
  return std::max(due, not_before_);
}

bool LeaseEngine::plan(Instant now, const Demand& demand, Plan& plan) {
  if (in_flight_ >= options_.in_flight || now < not_before_) return false;
  if (!put_off_.empty() && now >= put_off_until_) {
    pend(put_off_, now - options_.settle_within);
    grown_ = false;
  }
  std::uint32_t limit = claim_limit(now, demand);
  if (limit == 0 && !settle_due(now, demand)) return false;
  plan = Plan{};
  plan.sent = now;
  add_settlements(plan);
  if (limit > 0) add_claims(plan, limit, demand);
  ++in_flight_;
  return true;
}

void LeaseEngine::add_settlements(Plan& plan) {
  std::size_t count = std::min<std::size_t>(pending_.size(), options_.max_batch);
  for (std::size_t i = 0; i < count; ++i) {
    Task& task = *pending_[i];
    task.in_pending = false;
    if (task.lost) {
      free_if_done(task);
    } else {
      add_settlement(plan, task);
    }
  }
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(count));
  pending_since_ = plan.sent;
  if (pending_.empty()) pending_urgent_ = false;
  sending_ += plan.tasks.size();
}

void LeaseEngine::add_settlement(Plan& plan, Task& task) {
  Settlement s;
  s.key = {task.leased.queue, task.leased.id};
  if (!mutant("engine.settle.no_epoch")) s.epoch = task.leased.epoch;
  if (task.phase == Task::Phase::settling) {
    s.to = task.to;
    s.charge = task.charge;
    s.delay = task.delay;
    s.keep = task.keep;
    s.unstarted = task.unstarted && task.to == State::ready && !task.crashed();
    s.note = task.note;
    if (!task.children.empty()) {
      std::vector<NewTask>& out = plan.children.emplace_back();
      for (Child& child : task.children) out.push_back(child.task());
      s.children = out;
    }
  } else {  // a mark: of a suspect about to start, or progress. Its note is copied: the task goes on
    s.to = State::leased;
    if (task.phase == Task::Phase::marking && task.crashed()) s.charge = Charge::crash;
    if (task.mark_pending) s.note = plan.notes.emplace_back(task.note);
    task.mark_pending = false;
  }
  ++task.in_plans;
  plan.settle.push_back(s);
  plan.tasks.push_back(&task);
}

void LeaseEngine::add_claims(Plan& plan, std::uint32_t limit, const Demand& demand) {
  maybe_work_ = false;  // a ring that comes while the claim is under way sets it again
  work_at_.reset();
  double weights = 0;
  for (const Queue& q : queues_) {
    if (q.held_until <= plan.sent) weights += q.weight;
  }
  std::vector<Queue*> open;
  for (Queue& q : queues_) {
    if (q.held_until > plan.sent) {
      expect_work(q.held_until);
      continue;
    }
    q.credit = std::min<double>(q.credit + limit * q.weight / weights, options_.batch);
    open.push_back(&q);
  }
  std::ranges::stable_sort(open, std::ranges::greater(), &Queue::credit);
  std::size_t count = std::min<std::size_t>(open.size(), options_.max_batch);
  plan.queues.reserve(count);
  std::uint32_t left = limit;
  for (std::size_t i = 0; i < count; ++i) {
    auto owed = static_cast<std::uint32_t>(std::max(0.0, std::ceil(open[i]->credit)));
    Share share{plan.queues.emplace_back(open[i]->name), std::min(owed, left)};
    left -= share.quota;
    plan.claim.push_back(share);
  }
  plan.limit = limit;
  // Workers that have nothing to run, and for which nothing is here or on its way.
  std::uint32_t free = demand.idle - std::min(demand.idle, demand.ahead + claiming_);
  plan.ahead = limit - std::min(limit, free);
  plan.begin = demand.lease_ahead ? limit - plan.ahead : 0;
  claiming_ += limit;
}

}  // namespace penstock::durable
