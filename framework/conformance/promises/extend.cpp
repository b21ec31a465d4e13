// Keeping leases alive, and hearing through it what has become of their tasks.
#include <algorithm>

#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

bool has(const std::vector<TaskId>& all, const TaskId& id) {
  return std::find(all.begin(), all.end(), id) != all.end();
}

constexpr Promise kExtendPromises[] = {
    {"extend.keeps_the_lease", "An extended lease lasts beyond its old end, and lapses at its new one.", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       const Leased t = lab.claim_one("q", lab.ticks(4));
       lab.pass(2);
       const Extended e = lab.extend("q", t.epoch, lab.ticks(6));
       same(e.what, Item::ok, "the extension");
       same(e.stop, {}, "tasks to stop");
       lab.pass(4);
       lab.nothing_claimable("a claim before the new end");
       lab.pass(3);
       same(lab.claim_one().lapsed, true, "lapsed");
     }},

    {"extend.keeps_the_whole_batch", "One extension keeps every task that its epoch holds.", 0, nullptr,
     [](Lab& lab) {
       lab.put(5);
       const auto t = lab.claim(5, "q", lab.ticks(3));
       lab.pass(2);
       same(lab.extend("q", t[0].epoch, lab.ticks(10)).what, Item::ok, "the extension");
       lab.pass(4);
       lab.nothing_claimable("a claim before the new end");
       for (const Leased& one : t) same(lab.record(one).epoch, one.epoch, "the epoch");
     }},

    {"extend.counts_from_now",
     "The new end is counted from the extension, not from the old end, so it may also be earlier.", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       const Leased t = lab.claim_one("q", lab.ticks(20));
       same(lab.extend("q", t.epoch, lab.ticks(2)).what, Item::ok, "the extension");
       lab.pass(3);
       same(lab.claim_one().lapsed, true, "lapsed");
     }},

    {"extend.can_be_repeated_for_ever", "A lease extended in time, again and again, never lapses.", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       const Leased t = lab.claim_one("q", lab.ticks(3));
       for (int i = 0; i < lab.harness().repeat; ++i) {
         lab.pass(2);
         same(lab.extend("q", t.epoch, lab.ticks(3)).what, Item::ok, "an extension");
         lab.nothing_claimable("a claim between extensions");
       }
       same(lab.settle(t, State::succeeded), Item::ok, "the settlement");
     }},

    {"extend.lapsed_but_held_is_ok", "A batch that lapsed but was not taken can be extended, and is hidden again.", 0,
     nullptr,
     [](Lab& lab) {
       lab.put(2);
       const auto t = lab.claim(2, "q", lab.ticks(2));
       lab.pass(4);
       same(lab.extend("q", t[0].epoch, lab.ticks(6)).what, Item::ok, "the extension");
       lab.nothing_claimable("a late extension");
       lab.pass(3);
       lab.nothing_claimable("a late extension");
       same(lab.settle(t[1], State::succeeded), Item::ok, "the settlement");
     }},

    {"extend.all_settled_is_lease_lost", "A batch of which every task was settled is lease_lost.", 0, nullptr,
     [](Lab& lab) {
       lab.put(3);
       const auto t = lab.claim(3);
       same(lab.settle(t[0], State::succeeded), Item::ok, "a settlement");
       same(lab.settle(t[1], State::ready), Item::ok, "a settlement");
       same(lab.extend("q", t[0].epoch, kLong).what, Item::ok, "an extension of the task left");
       same(lab.settle(t[2], State::dead), Item::ok, "a settlement");
       same(lab.extend("q", t[0].epoch, kLong).what, Item::lease_lost, "an extension of nothing");
     }},

    {"extend.all_taken_is_lease_lost",
     "A batch of which every task was taken is lease_lost, and its new holder is not disturbed.", 0, nullptr,
     [](Lab& lab) {
       lab.put(2);
       const auto was = lab.claim(2, "q", lab.ticks(2));
       lab.pass(3);
       const auto now = lab.claim(2, "q", lab.ticks(3));
       same(now.size(), 2u, "tasks taken");
       for (int i = 0; i < lab.harness().repeat; ++i)
         same(lab.extend("q", was[0].epoch, lab.ticks(50)).what, Item::lease_lost, "an extension by the former holder");
       lab.pass(4);
       same(lab.claim(2).size(), 2u, "tasks offered after the new holder's lease");
     }},

    {"extend.partly_settled_keeps_the_rest", "A batch of which some tasks are settled can be extended for the others.",
     0, nullptr,
     [](Lab& lab) {
       lab.put(2);
       const auto t = lab.claim(2, "q", lab.ticks(3));
       same(lab.settle(t[0], State::succeeded), Item::ok, "a settlement");
       same(lab.extend("q", t[0].epoch, lab.ticks(8)).what, Item::ok, "the extension");
       lab.pass(5);
       lab.nothing_claimable("a claim before the new end");
     }},

    {"extend.tells_which_tasks_were_taken", "A batch of which some tasks were taken is ok, and `stop` names them.", 0,
     nullptr,
     [](Lab& lab) {
       lab.put(3);
       const auto t = lab.claim(3, "q", lab.ticks(2));
       lab.pass(3);
       const Leased taken = lab.claim_one();
       const Extended e = lab.extend("q", t[0].epoch, kLong);
       same(e.what, Item::ok, "the extension");
       same(e.stop, {taken.id}, "tasks to stop");
     }},

    {"extend.tells_which_tasks_to_stop",
     "`stop` names the tasks whose cancel was requested, at each extension until they are settled.", 0, nullptr,
     [](Lab& lab) {
       lab.put(4);
       const auto t = lab.claim(4);
       same(lab.extend("q", t[0].epoch, kLong).stop, {}, "tasks to stop before any cancel");
       same(lab.cancel(key(t[1])), Item::requested, "a cancel");
       same(lab.cancel(key(t[3])), Item::requested, "a cancel");
       for (int i = 0; i < lab.harness().repeat; ++i) {
         const Extended e = lab.extend("q", t[0].epoch, kLong);
         same(e.what, Item::ok, "the extension");
         same(e.stop.size(), 2u, "the number of tasks to stop");
         holds(has(e.stop, t[1].id) && has(e.stop, t[3].id), "both cancelled tasks in `stop`");
       }
       same(lab.settle(t[1], State::cancelled), Item::ok, "a settlement");
       same(lab.extend("q", t[0].epoch, kLong).stop, {t[3].id}, "tasks to stop");
     }},

    {"extend.unknown_epochs_are_lease_lost",
     "An epoch that was never given, or belongs to another queue, is lease_lost.", 0, nullptr,
     [](Lab& lab) {
       const Leased a = lab.leased("a");
       for (Epoch guess : {Epoch{0}, a.epoch + 1, a.epoch + 1'000'000, UINT64_MAX, std::uint64_t{INT64_MAX}})
         same(lab.extend("a", guess, kLong).what, Item::lease_lost, "an extension of epoch " + text(guess));
       for (const char* queue : {"b", "never-heard-of"})
         same(lab.extend(queue, a.epoch, kLong).what, Item::lease_lost, "an extension in queue " + text(queue));
     }},

    {"extend.answers_in_the_order_given", "Each batch of one exchange has its own answer, in the order given.", 0,
     nullptr,
     [](Lab& lab) {
       lab.need(lab.properties().max_batch >= 3, "a max_batch of at least 3");
       const Leased a = lab.leased("a"), b = lab.leased("b"), gone = lab.ended(State::succeeded, {}, "c");
       const std::vector<Held> held = {{"b", b.epoch}, {"c", gone.epoch}, {"a", a.epoch}};
       Exchange e;
       e.extend = held, e.lease = kLong;
       const auto got = lab.exchange(e).extended;
       same(got[0].what, Item::ok, "the answer for queue b");
       same(got[1].what, Item::lease_lost, "the answer for queue c");
       same(got[2].what, Item::ok, "the answer for queue a");
     }},

    {"extend.comes_after_settlements", "A batch whose last task is settled in the same exchange is lease_lost there.",
     0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       const Settlement s = lab.say(t, State::succeeded);
       const Held held{"q", t.epoch};
       Exchange e;
       e.settle = std::span(&s, 1), e.extend = std::span(&held, 1), e.lease = kLong;
       const Exchanged got = lab.exchange(e);
       same(got.settled[0], Item::ok, "the settlement");
       same(got.extended[0].what, Item::lease_lost, "the extension");
     }},

    {"extend.comes_before_claims",
     "A lapsed batch extended in an exchange is not offered to the claim of the same exchange.", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       const Leased t = lab.claim_one("q", lab.ticks(2));
       lab.pass(3);
       const Held held{"q", t.epoch};
       const Share share{"q", 5};
       Exchange e;
       e.extend = std::span(&held, 1), e.claim = std::span(&share, 1), e.limit = 5, e.lease = kLong;
       const Exchanged got = lab.exchange(e);
       same(got.extended[0].what, Item::ok, "the extension");
       same(got.leased.size(), 0u, "tasks claimed");
     }},

    {"extend.changes_only_the_lease", "Extending changes nothing on the record of a task.", 0, nullptr,
     [](Lab& lab) {
       const Leased t = lab.leased();
       const std::string before = lab.dump();
       for (int i = 0; i < lab.harness().repeat; ++i)
         same(lab.extend("q", t.epoch, kLong).what, Item::ok, "an extension");
       lab.unchanged(before, "an extension");
     }},

    {"extend.lease_below_one_ms_is_invalid",
     "An extension by 0 or less is Errc::invalid and leaves the lease as it is.", 0, nullptr,
     [](Lab& lab) {
       lab.put();
       const Leased t = lab.claim_one("q", lab.ticks(10));
       const Held held{"q", t.epoch};
       for (Millis lease : {Millis(0), Millis(-1), Millis::min()}) {
         Exchange e;
         e.extend = std::span(&held, 1), e.lease = lease;
         fails(lab.store().exchange(e), Errc::invalid, "an extension below 1 ms");
       }
       lab.nothing_claimable("a refused extension");
     }},
};

}  // namespace

Promises extend() { return kExtendPromises; }

}  // namespace penstock::conformance::areas
