#include "manager/limits.hpp"

#include <algorithm>
#include <mutant.hpp>

#include "base/later.hpp"
#include "manager/impl.hpp"

namespace penstock::impl {
namespace {

constexpr Millis kAfterLimiterError{100};

}  // namespace

Tokens::Tokens(const Runnable& task) : keys_{"process", "queue:" + task.lane->name} {
  if (task.durable) keys_.push_back("handler:" + static_cast<const durable::Task&>(task).leased.kind);
}

std::optional<Tokens::Shortage> Tokens::take(Limiter& limiter) const {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    Result<Grant> grant = limiter.acquire(keys_[i], 1);
    if (grant && grant->granted > 0) continue;
    if (!mutant("manager.limiter.burns_tokens")) give_back(limiter, i);
    if (!grant) return Shortage{i == 0, kAfterLimiterError, grant.error()};  // better late than too fast
    return Shortage{i == 0, std::max(grant->retry_in, Millis(1)), std::nullopt};
  }
  return std::nullopt;
}

void Tokens::give_back(Limiter& limiter, std::size_t count) const {
  for (std::size_t i = 0; i < count; ++i) limiter.refund(keys_[i], 1);
}

// The next task that the limiter lets start, with its tokens taken; null: none may now. A queue that is
// short of tokens is passed over until it may have some. The limiter is asked without the lock.
Runnable* Manager::pop_within_limits(Locked& state) {
  while (!state->stopping && state->no_start_before <= now()) {
    auto* next = static_cast<Runnable*>(state->scheduler.peek(now()));
    if (!next) return nullptr;
    const Tokens tokens(*next);
    const std::string lane = next->lane->name;
    state.unlock();
    std::optional<Tokens::Shortage> shortage = tokens.take(*limiter_);
    state.relock();
    if (shortage) {
      hold_up(*state, lane, *shortage);
      continue;
    }
    next = state->stopping ? nullptr : static_cast<Runnable*>(state->scheduler.peek(now()));
    if (next && Tokens(*next) == tokens) return static_cast<Runnable*>(state->scheduler.pop(now()));
    state.unlock();
    tokens.give_back(*limiter_);  // another worker was quicker, or the task is gone
    state.relock();
  }
  return nullptr;
}

void Manager::hold_up(ManagerState& state, const std::string& queue, const Tokens::Shortage& shortage) {
  if (bool failing = shortage.error.has_value(); failing != std::exchange(state.limiter_fails, failing) && failing) {
    host_->log(Level::error, "the limiter answers " + std::string(name(shortage.error->code)) + ": " +
                                 shortage.error->message + "; nothing starts until it lets it");
  }
  Instant until = base::later(now(), shortage.retry_in);
  if (shortage.process) {
    state.no_start_before = until;
    return;
  }
  state.scheduler.block(state.scheduler.lane(queue), until);
  state.engine.hold(queue, until);
}

}  // namespace penstock::impl
