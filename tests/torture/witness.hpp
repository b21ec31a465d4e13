// What the outside knows of one store over many faults, and the check of what a fault has left.
#pragma once

#include "torture/ledger.hpp"

namespace penstock::torture {

struct Witness {
  Ledger ledger;
  int next = 1;  // number of the next task
  testing::ManualTime time;
  testing::TestHost host{&time};
  std::vector<Facts> history;  // what may be there: the newest last
  std::optional<Call> flying;  // the call that got no answer

  void begin_life() { history = {ledger.facts()}, flying.reset(); }

  struct Found {
    std::size_t lost = 0;   // answered calls of the history that are missing
    bool finished = false;  // the call without an answer was done
  };
  // Opens the store, holds all that is in it against the history, uses it a little, and has SQLite check
  // the file. What was found is the truth from here on. Throws Violation.
  Found judge(const Place&, std::mt19937_64&);

 private:
  Found settle_history(const Facts& left);
};

}  // namespace penstock::torture
