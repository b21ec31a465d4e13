// What counts against a task: the store adds, the host judges.
#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

Item charge(Lab& lab, const Leased& t, State to, Charge what, Here here = Here::now()) {
  Settlement s = lab.say(t, to);
  s.charge = what, s.keep = kKeepForever;
  return lab.settle(s, here);
}

void stands_at(Lab& lab, const Leased& t, std::uint32_t failures, std::uint32_t crashes, Here here = Here::now()) {
  const Record r = lab.record(t, here);
  same(r.failures, failures, "the failures on record", here);
  same(r.crashes, crashes, "the crashes on record", here);
}

constexpr Promise kChargesPromises[] = {
    {"charge.failure_adds_one_failure",
     "A retry that charges a failure adds one to the failures and nothing to the crashes.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       same(charge(lab, t, State::ready, Charge::failure), Item::ok, "the settlement");
       stands_at(lab, t, 1, 0);
     }},

    {"charge.crash_adds_one_crash", "A retry that charges a crash adds one to the crashes and nothing to the failures.",
     0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       same(charge(lab, t, State::ready, Charge::crash), Item::ok, "the settlement");
       stands_at(lab, t, 0, 1);
     }},

    {"charge.none_adds_nothing", "Giving a task back without a charge counts nothing, however often.", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       for (int i = 0; i < lab.harness().repeat; ++i) {
         const Leased t = lab.claim_one();
         same(lab.settle(t, State::ready), Item::ok, "a retry");
         stands_at(lab, t, 0, 0);
       }
     }},

    {"charge.adds_up_over_attempts", "Charges add up, and the next holder is told the sums.", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       std::uint32_t failures = 0, crashes = 0;
       for (Charge c : {Charge::failure, Charge::crash, Charge::failure, Charge::none, Charge::failure}) {
         const Leased t = lab.claim_one();
         same(t.failures, failures, "the failures handed out");
         same(t.crashes, crashes, "the crashes handed out");
         same(charge(lab, t, State::ready, c), Item::ok, "a retry");
         failures += c == Charge::failure, crashes += c == Charge::crash;
       }
       const Leased last = lab.claim_one();
       same(last.failures, 3u, "the failures");
       same(last.crashes, 1u, "the crashes");
     }},

    {"charge.counts_at_the_end", "A charge at the end shows on the kept record.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       same(charge(lab, t, State::ready, Charge::crash), Item::ok, "the retry");
       const Leased again = lab.claim_one();
       same(charge(lab, again, State::dead, Charge::failure), Item::ok, "the end");
       stands_at(lab, again, 1, 1);
     }},

    {"charge.first_mark_counts", "The first mark under an epoch adds its charge.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       same(charge(lab, t, State::leased, Charge::crash), Item::ok, "the mark");
       stands_at(lab, t, 0, 1);
       same(lab.settle(t, State::ready), Item::ok, "the retry");
       same(lab.claim_one().crashes, 1u, "the crashes handed out");
     }},

    {"charge.repeated_marks_count_once", "Marks after the first under the same epoch add no charge.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       for (int i = 0; i < lab.harness().repeat; ++i)
         same(charge(lab, t, State::leased, Charge::crash), Item::ok, "a mark");
       stands_at(lab, t, 0, 1);
     }},

    {"charge.mark_after_begin_counts_nothing", "A mark on a task that its claim had marked begun adds no charge.", 0,
     nullptr,
     [](Lab& lab) {
       lab.put();
       const Leased t = lab.claim_one("q", kLong, 1);
       same(charge(lab, t, State::leased, Charge::crash), Item::ok, "the mark");
       stands_at(lab, t, 0, 0);
     }},

    {"charge.mark_under_a_new_epoch_counts_again", "Each new holder's first mark adds its charge, also after a lapse.",
     0, nullptr,
     [](Lab& lab) {
       lab.put();
       for (std::uint32_t i = 1; i <= 3; ++i) {
         const Leased t = lab.claim_one("q", lab.ticks(2));
         same(charge(lab, t, State::leased, Charge::crash), Item::ok, "the mark");
         stands_at(lab, t, 0, i);
         lab.pass(3);
       }
     }},

    {"charge.repeats_add_nothing", "A settlement sent again adds its charge once.", 0, nullptr,
     [](Lab& lab) {
       Leased t = lab.leased();
       for (int i = 0; i < lab.harness().repeat; ++i)
         same(charge(lab, t, State::ready, Charge::failure), Item::ok, "the retry");
       stands_at(lab, t, 1, 0);
       t = lab.claim_one();
       for (int i = 0; i < lab.harness().repeat; ++i)
         same(charge(lab, t, State::dead, Charge::failure), Item::ok, "the end");
       stands_at(lab, t, 2, 0);
     }},

    {"charge.extending_counts_nothing", "Extensions neither charge a task nor mark it begun.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       for (int i = 0; i < lab.harness().repeat; ++i)
         same(lab.extend("q", t.epoch, kLong).what, Item::ok, "an extension");
       stands_at(lab, t, 0, 0);
       same(lab.record(t).begun, false, "begun");
     }},
};

}  // namespace

Promises charges() { return kChargesPromises; }

}  // namespace penstock::conformance::areas
