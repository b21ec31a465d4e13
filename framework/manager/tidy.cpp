// Lets the store forget what has ended long ago.
#include <algorithm>

#include "durable/housekeeping.hpp"
#include "manager/impl.hpp"

namespace penstock::impl {
namespace {

constexpr int kMostRounds = 100;  // at most 100,000 records of a state at a time
constexpr int kMostFailed = 2;    // queues, before the rest is left for another time: each may cost a whole timeout
constexpr State kEnds[] = {State::succeeded, State::dead, State::cancelled};

}  // namespace

// Whether there was something to forget. Absent: the store does not answer, or the process stops.
std::optional<bool> Manager::trim(const std::string& queue, State ended) {
  Retention r;
  r.queue = queue;
  r.state = ended;
  r.age = ended == State::succeeded ? options_.result_age : kKeepForever;
  r.bytes = options_.result_bytes;
  bool found = false;
  for (int round = 0; round < kMostRounds; ++round) {
    if (state_.lock()->stopping) return std::nullopt;
    Result<std::uint64_t> trimmed = backend_->trim(r);
    if (!trimmed) return std::nullopt;
    found |= *trimmed > 0;
    if (*trimmed < r.at_most) break;
  }
  return found;
}

// Of a queue, as far as the store answers.
void Manager::trim(durable::Housekeeping& house, const std::string& queue, std::span<const State> states, int& failed) {
  bool found = false;
  for (State ended : states) {
    const std::optional<bool> some = trim(queue, ended);
    found |= some.value_or(false);
    if (!some && ++failed) break;
  }
  if (found) house.stir(queue, now());
}

void Manager::tidy(durable::Housekeeping& house, Aftermath& after) {
  {
    auto state = state_.lock();
    for (const auto& [queue, record] : state->queues) {
      if (std::exchange(record->ended, false)) house.stir(queue, now());
    }
  }
  int failed = 0;
  for (const std::string& queue : house.visits(now())) {
    trim(house, queue, kEnds, failed);
    if (failed == kMostFailed) return;
  }
  if (!house.looks(now())) return;
  const std::uint64_t asked = ask_for_queues(*state_.lock());
  Result<std::vector<Counts>> counts = backend_->counts();
  if (counts) {  // should a new queue ever have failed to ring, it is found now
    auto state = state_.lock();
    if (learn_queues(*state, asked, *counts)) wake_for(*state, 1, after);
    if (!after.empty()) conclude(state, after);
  }
  const std::optional<Counts> turn = house.looked(counts ? *counts : std::vector<Counts>(), now());
  if (!turn) return;
  std::vector<State> states{State::succeeded};  // whether there are some or not: ids are forgotten on the way
  for (State ended : {State::dead, State::cancelled}) {
    if (turn->by_state[static_cast<std::size_t>(ended)] > 0) states.push_back(ended);
  }
  trim(house, turn->queue, states, failed);
}

}  // namespace penstock::impl
