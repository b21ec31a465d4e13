#include "scripts.hpp"

#include <mutant.hpp>

#include "texts.hpp"

namespace penstock::redis {

Scripts::Scripts()
    : enqueue(script_text(text::kEnqueue)),
      exchange(script_text(text::kExchange)),
      cancel(script_text(text::kCancel)),
      get(script_text(text::kGet)),
      counts(script_text(text::kCounts)),
      trim(script_text(text::kTrim)),
      list(script_text(text::kList)),
      move(script_text(text::kMove)),
      gate(script_text(text::kGate)),
      gates(script_text(text::kGates)),
      all(script_text(text::kAll)),
      document(script_text(text::kDocument)),
      leader(script_text(text::kLeader)),
      rights(script_text(text::kRights)),
      audit(script_text(text::kAudit)) {}

}  // namespace penstock::redis
