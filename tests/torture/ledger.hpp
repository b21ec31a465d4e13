// What the outside knows of a store's tasks, from the answers it got: the oracle of the torture tests.
#pragma once

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "torture/tasks.hpp"
#include "torture/verdict.hpp"

namespace penstock::torture {

struct Fact {
  State state = State::ready;  // waiting tasks are ready here, due or not
  Epoch epoch = 0;
  std::uint32_t failures = 0, crashes = 0;
  bool begun = false;  // leased, and marked: a mark's charge counts once
  bool tombstone = false;
  std::string note;
  friend bool operator==(const Fact&, const Fact&) = default;
};
using Facts = std::map<int, Fact>;  // by the task's number

struct Say {
  int task = 0;
  Epoch epoch = 0;
  State to = State::succeeded;
  Charge charge = Charge::none;
  Millis delay{}, keep{};
  std::string note;
};

// One call of the seam, as data, so that it can be sent again.
struct Call {
  enum class Kind { enqueue, exchange, cancel, trim } kind = Kind::enqueue;
  std::vector<int> tasks;  // enqueue, cancel
  Millis delay{};          // enqueue
  std::vector<Say> says;   // exchange, and what follows too
  std::vector<std::pair<std::size_t, Epoch>> extend;
  std::uint32_t limit = 0;
  std::size_t queue = 0;  // trim
  State state = State::succeeded;
};

struct Answer {
  std::vector<Item> items;
  std::vector<Leased> leased;
  std::uint64_t trimmed = 0;
};

Result<Answer> perform(DurableBackend&, const Call&);

// Changes `facts` as an accepted call does, but for its claims, which nobody can foresee.
Answer foresee(Facts& facts, const Call&);

// A call that makes sense after `facts`; new tasks are numbered from `next` on.
Call invent(std::mt19937_64&, const Facts& facts, int& next);

// All tasks up to number `last`, as the store tells them; throws Violation for a body that is not the task's own.
Result<Facts> read(DurableBackend&, int last);

class Ledger {
 public:
  const Facts& facts() const { return facts_; }
  void acknowledge(const Call&, const Answer&);  // throws Violation when the answer is not the right one

  // Holds what was read after a fault against what may be there: `before`, or, when a call got no
  // answer, what that call makes of it. Returns whether it is the former. What was read is the truth from here on.
  static bool allows(const Facts& before, const Facts& read, const std::array<Epoch, kQueues.size()>& highest,
                     const Call* flying);
  const std::array<Epoch, kQueues.size()>& highest() const { return highest_; }
  void accept(Facts read, bool forget_epochs);

 private:
  Facts facts_;
  std::array<Epoch, kQueues.size()> highest_{};
};

// The first difference, for people.
std::string difference(const Facts& expected, const Facts& found);

// Counters against the tasks themselves; throws Violation.
void check_counts(DurableBackend&, const Facts&);

}  // namespace penstock::torture
