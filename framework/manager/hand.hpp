// Short closures that a worker has taken at once.
//
// A worker that takes the manager's lock for each closure of some hundred nanoseconds does little else, and keeps
// others from it. So while closures are short it is dealt several: it plays them one after another under the hand's
// own lock, which nobody else wants, and settles all of them the next time it has the manager's.
//
// A hand keeps nothing from anybody. Under the manager's lock any thread may take it back: what has ended is settled,
// what has not begun goes back to its queue, and the worker is left with the one that it runs. That is done before
// anybody looks at tasks, waits for one, cancels one or stops the manager, and by the watchdog when a hand was not
// played out within a millisecond, as one of its closures was not short after all.
#pragma once

#include <array>
#include <cstddef>

#include <penstock/handler.hpp>

#include "results/local_registry.hpp"

namespace penstock::impl {

// Cards before `current` have ended, that one runs, and those behind it wait. No cards: nothing is dealt.
struct Hand {
  static constexpr std::size_t kMost = 16;

  struct Card {
    results::LocalTask* task = nullptr;
    TaskId id;
    execution::Instant started{};
    std::chrono::nanoseconds ran{};
    Outcome outcome;
  };

  std::array<Card, kMost> cards;
  std::size_t current = 0, count = 0;
};

}  // namespace penstock::impl
