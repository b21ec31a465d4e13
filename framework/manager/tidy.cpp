// Lets the store forget what has ended long ago.
#include <algorithm>

#include "durable/housekeeping.hpp"
#include "manager/impl.hpp"

namespace penstock::impl {
namespace {

constexpr int kMostRounds = 100;  // at most 100,000 records of a state at a time

}  // namespace

// True when there was something to forget.
bool Manager::trim(const std::string& queue, State ended) {
  Retention r;
  r.queue = queue;
  r.state = ended;
  r.age = ended == State::succeeded ? options_.result_age : kKeepForever;
  r.bytes = options_.result_bytes;
  bool found = false;
  for (int round = 0; round < kMostRounds; ++round) {
    Result<std::uint64_t> trimmed = backend_->trim(r);
    found |= trimmed && *trimmed > 0;
    if (!trimmed || *trimmed < r.at_most) break;
  }
  return found;
}

void Manager::tidy(durable::Housekeeping& house, Aftermath& after) {
  {
    auto state = state_.lock();
    for (const auto& [queue, record] : state->queues) {
      if (std::exchange(record->ended, false)) house.stir(queue, now());
    }
  }
  for (const std::string& queue : house.visits(now())) {
    bool found = false;
    for (State ended : {State::succeeded, State::dead, State::cancelled}) found |= trim(queue, ended);
    if (found) house.stir(queue, now());
  }
  if (!house.looks(now())) return;
  const std::uint64_t asked = ask_for_queues(*state_.lock());
  Result<std::vector<Counts>> counts = backend_->counts();
  if (counts) {  // should a new queue ever have failed to ring, it is found now
    auto state = state_.lock();
    if (learn_queues(*state, asked, *counts)) wake_for(*state, 1, after);
  }
  const std::optional<Counts> turn = house.looked(counts ? *counts : std::vector<Counts>(), now());
  if (!turn) return;
  bool found = trim(turn->queue, State::succeeded);  // whether there are some or not: ids are forgotten on the way
  for (State ended : {State::dead, State::cancelled}) {
    if (turn->by_state[static_cast<std::size_t>(ended)] > 0) found |= trim(turn->queue, ended);
  }
  if (found) house.stir(turn->queue, now());
}

}  // namespace penstock::impl
