#include "torture/redis/straggler.hpp"

#include <algorithm>

#include "torture/tasks.hpp"
#include "torture/verdict.hpp"

namespace penstock::torture {
namespace {

constexpr int kFirstChild = 1 << 30;  // no number of the load's

// Nothing is done to its own connections: that the server has forgotten its scripts is not to be seen (row R5).
template <class T>
T must(Result<T> answer) {
  if (!answer) throw Violation(Harm::stuck, "an error without a fault: " + answer.error().message);
  return std::move(*answer);
}

}  // namespace

Straggler::Straggler(const RedisPlace& place, std::string queue)
    : store_(open_redis(place, host_)), queue_(std::move(queue)) {}

std::uint64_t Straggler::act() {
  if (held_.empty()) return claim(), 0;
  if (!all_taken_over()) return 0;
  const std::uint64_t calls = speak();
  held_.clear();
  return calls;
}

void Straggler::end() {
  std::vector<Settlement> back;
  for (const Leased& l : held_)
    back.push_back({.key = {l.queue, l.id}, .epoch = l.epoch, .to = State::ready, .unstarted = true});
  if (!back.empty()) must(store_->exchange({.settle = back}));
  held_.clear();
}

void Straggler::claim() {
  const Share share{queue_, 3};
  Exchange x{.claim = std::span(&share, 1), .limit = 3, .worker = "straggler"};
  x.lease = Millis(1);
  held_ = must(store_->exchange(x)).leased;
}

bool Straggler::all_taken_over() {
  std::vector<TaskKey> keys;
  for (const Leased& l : held_) keys.push_back({l.queue, l.id});
  const auto records = must(store_->get(keys));
  for (std::size_t i = 0; i < held_.size(); ++i) {
    if (!records[i]) throw Violation(Harm::lost, "a task that was leased is not there");
    if (records[i]->epoch == held_[i].epoch) return false;
  }
  return true;
}

std::uint64_t Straggler::speak() {
  std::uint64_t calls = 0;
  const auto refused = [&](std::span<const Settlement> said, std::span<const Held> kept) {
    const Exchanged answer = must(store_->exchange({.settle = said, .extend = kept, .lease = Millis(60'000)}));
    for (const Item item : answer.settled) {
      if (item != Item::lease_lost) throw Violation(Harm::duplicate, "a settlement under an old epoch counts");
    }
    for (const Extended& e : answer.extended) {
      if (e.what != Item::lease_lost) throw Violation(Harm::duplicate, "an old epoch is extended");
    }
    calls += said.size() + kept.size();
  };
  for (const State to : {State::succeeded, State::dead, State::cancelled, State::ready, State::leased}) {
    std::vector<Settlement> said;
    for (const Leased& l : held_)
      said.push_back({.key = {l.queue, l.id}, .epoch = l.epoch, .to = to, .charge = Charge::failure, .note = "late"});
    refused(said, {});
  }
  const NewTask child{.key = {queue_, id_of(kFirstChild + children_++)}, .body = "child", .kind = "child"};
  Settlement parent{.key = {queue_, held_[0].id}, .epoch = held_[0].epoch, .to = State::succeeded};
  parent.children = std::span(&child, 1);
  refused(std::span(&parent, 1), {});
  const Held batch{queue_, held_[0].epoch};
  refused({}, std::span(&batch, 1));
  if (must(store_->get(std::span(&child.key, 1))).front())
    throw Violation(Harm::duplicate, "a child of a lost lease is there");
  return calls;
}

}  // namespace penstock::torture
