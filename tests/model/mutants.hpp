// The model behind the interface of a backend, with a fault to choose: what the model test must catch.
#pragma once

#include "model/model.hpp"
#include "model/subject.hpp"

namespace penstock::model {

enum class Fault {
  none,
  drops_charges,     // settle does not count failures and crashes
  keeps_everything,  // `keep` is not looked at
  no_fence,          // a settlement under any epoch counts
  cuts_notes,        // a note ends at its first NUL
  no_children,
  no_guard,
  limit_off_by_one,
  deaf_cancel,      // answers that a running task was asked to stop, and does not ask
  no_begin,         // claimed tasks are never marked begun
  late_leases,      // a lease ends one millisecond late
  jumping_leases,   // leases live by the wall clock
  late_retries,     // a retry's delay is one millisecond long
  flat_weights,     // weight does not count in the order
  no_spill,         // a claim stops at the quotas
  silent_stop,      // extensions do not say what to stop
  wrong_next_due,   // says that nothing is coming when only leases end
  keeps_one_more,   // trim by count lets one more stay
  moves_at_once,    // a replay does not wait
  claim_frees_key,  // a unique key is free once its task was claimed
  short_memory,     // unique_for is not looked at
  names_newcomer,   // a conflict names the task sent, not the holder
  no_replace,
  one_key,           // fair keys take no turns
  keeps_slots,       // a retry does not give its slots back
  deaf_limit,        // `running` is not looked at
  twice_the_tokens,  // a claim takes two tokens of each gate
  lapse_takes_tokens,
  no_refund,  // `unstarted` is not looked at
  deaf_hold,
  late_opening,   // a hold lasts one millisecond longer
  upper_class,    // the limit of a class goes before that of the gate
  meek_operator,  // what is declared goes before what an operator set
  no_half,        // `ahead` is not looked at
  all_ahead,      // takes every claim for one ahead
  late_next_due,  // of a gate
};
inline constexpr int kFaults = 36;  // with `none`

std::unique_ptr<Subject> make_mutant(Fault);

}  // namespace penstock::model
