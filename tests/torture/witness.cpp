#include "torture/witness.hpp"

namespace penstock::torture {

Witness::Found Witness::judge(const Place& place, std::mt19937_64& random) {
  Found found;
  {
    std::unique_ptr<DurableBackend> store;
    try {
      store = open_store({place.folder, "", place.level}, host);
    } catch (const std::runtime_error& e) {
      throw Violation(Harm::corrupt, std::string("what is left cannot be opened: ") + e.what());
    }
    Result<Facts> left = read(*store, next - 1);
    if (!left) throw Violation(Harm::corrupt, "what is left cannot be read: " + left.error().message);
    found = settle_history(*left);
    ledger.accept(*std::move(left), found.lost > 0);
    check_counts(*store, ledger.facts());
    for (int i = 0; i < 3; ++i) {  // what was settled stays so, epochs go on, and the counters follow
      const Call call = invent(random, ledger.facts(), next);
      const Result<Answer> answer = perform(*store, call);
      if (!answer) throw Violation(Harm::stuck, "an error after recovery: " + answer.error().message);
      ledger.acknowledge(call, *answer);
    }
    check_counts(*store, ledger.facts());
    check_audit(*store);
  }
  return found;
}

// Finds the answered call up to which everything is there.
Witness::Found Witness::settle_history(const Facts& left) {
  if (flying && Ledger::allows(history.back(), left, ledger.highest(), &*flying)) return {0, true};
  for (std::size_t lost = 0; lost < history.size(); ++lost) {
    if (Ledger::allows(history[history.size() - 1 - lost], left, ledger.highest(), nullptr)) return {lost, false};
  }
  throw Violation(Harm::lost,
                  "what is left is not the state after any answered call: " + difference(history.back(), left));
}

}  // namespace penstock::torture
